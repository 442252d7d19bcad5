"""One file, one stage of dvc.yaml: `python -m stages.fetch` runs the stage `fetch`."""
