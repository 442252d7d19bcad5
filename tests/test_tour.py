"""docs/tour.ipynb: it runs, and shows what it showed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.pipeline import BUILT

FILE = Path("docs/tour.ipynb")


@pytest.mark.skipif(not all(path.exists() for path in BUILT), reason="run `dvc repro` first")
def test_its_outputs_are_those_of_the_pipeline_and_come_out_again():
    """It is stored without execution counts."""
    notebook, place = nbformat.read(FILE, as_version=4), {"metadata": {"path": str(FILE.parent)}}
    NotebookClient(notebook, timeout=300, resources=place, record_timing=False).execute()
    for cell in notebook.cells:
        for part in (cell, *cell.get("outputs", [])):
            if "execution_count" in part:
                part.execution_count = None
    assert notebook == nbformat.read(FILE, as_version=4)
