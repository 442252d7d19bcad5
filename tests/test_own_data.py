"""docs/own-data.md: its commands, on a folder that is made up."""

import re

import pytest

from tests.datasets.test_folder import write
from tests.document import Document

pytestmark = pytest.mark.slow


def test_every_command_of_the_document(project, tmp_path):
    folder = write(tmp_path / "pictures", ["cat", "dog"], 40, (60, 50), ".jpg", colour=True)
    for name, value in {"source": "mnist", "sha256": None, "classes": None}.items():
        project.set(f"fetch.{name}", value)
    picture = next((folder / "dog").iterdir())
    document = Document("docs/own-data.md", project, PICTURES=folder, PICTURE=picture)
    output = document.run("Say where they are")
    assert "fetch: pictures, 64 images to train with, 16 to test with" in output
    info = project.read("data/raw/info.json")
    assert (info["classes"], info["height"]) == (["cat", "dog"], 32)
    assert info["sha256"] in re.findall(r"\w{64}", output)  # to be copied to fetch.sha256
    assert "hidden" in document.run("Look at it, and ask")
    assert project.path("seen.png").exists()

    document.run("Let DVC see a change")
    assert project.repro() == []
    next(project.path("data/pictures/dog").iterdir()).unlink()
    project.run("dvc", "repro", "fetch")
    info = project.read("data/raw/info.json")
    assert info["train"] + info["test"] == 79
    assert document.left == []
