"""docs/own-data.md: its commands, on a folder that is made up."""

import re

import pytest

from tests.datasets.test_folder import write
from tests.document import Document

pytestmark = pytest.mark.slow


def test_every_command_of_the_document(project, tmp_path):
    folder = write(tmp_path / "pictures", ["cat", "dog"], 40, (60, 50), ".jpg", colour=True)
    project.set("fetch.source", "mnist")
    project.set("fetch.sha256", None)
    project.set("fetch.classes", None)
    picture = next((folder / "dog").iterdir())
    document = Document("docs/own-data.md", project, PICTURES=folder, PICTURE=picture)
    output = document.run("Say where they are")
    assert "fetch: pictures, 64 images to train with, 16 to test with" in output
    description = project.read("data/raw/info.json")
    assert (description["classes"], description["height"]) == (["cat", "dog"], 32)
    assert "hidden" in document.run("Look at it, and ask")
    assert project.path("seen.png").exists()
    (wanted,) = re.findall(r"to verify them, set it to (\w{64})", output, re.IGNORECASE)
    assert wanted == description["sha256"]

    document.run("Let DVC see a change")
    assert project.repro() == []
    next(project.path("data/pictures/dog").iterdir()).unlink()
    project.run("dvc", "repro", "fetch")
    description = project.read("data/raw/info.json")
    assert description["train"] + description["test"] == 79
    assert document.left == []
