"""docs/tour.ipynb: it runs, and shows what it showed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.pipeline import BUILT

FILE = Path("docs/tour.ipynb")
STORED = nbformat.read(FILE, as_version=4)


def executed(folder):
    """The notebook as it is after a run in `folder`, as it is stored: without execution counts."""
    notebook, place = nbformat.read(FILE, as_version=4), {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, resources=place, record_timing=False).execute()
    for cell in notebook.cells:
        for part in (cell, *cell.get("outputs", [])):
            if "execution_count" in part:
                part.execution_count = None
    return notebook


def shown(notebook):
    return [bool(cell.outputs) for cell in notebook.cells if "outputs" in cell]


@pytest.mark.slow
def test_it_runs_in_any_folder_of_a_project(project):
    assert shown(executed(project.path("docs"))) == shown(STORED)


@pytest.mark.skipif(not all(path.exists() for path in BUILT), reason="run `dvc repro` first")
def test_its_outputs_are_those_of_the_pipeline_and_come_out_again():
    assert executed(FILE.parent) == STORED
