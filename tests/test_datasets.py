"""The whole pipeline on other data than MNIST, what people see of it, and docs/own-data.md."""

import os
import re
from pathlib import Path

import pytest
from PIL import Image

from digits.data.info import FEW
from digits.datasets.catalogue import DEBIAN_FOLDER
from tests.browser import opened
from tests.conftest import make_images
from tests.datasets.test_folder import write
from tests.datasets.test_formats import write_npz
from tests.document import Document

pytestmark = pytest.mark.slow


def of_letters(folder):
    """26 classes, as EMNIST's letters have them, in an .npz."""
    splits = *make_images(260, seed=1, classes=26), *make_images(52, seed=2, classes=26)
    return write_npz(folder / "letters.npz", splits)


KINDS = {
    "26 letters": (of_letters, {"classes": list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}),
    "two classes, 64 x 48": (
        lambda folder: write(folder / "two", ["no", "yes"], 30, (20, 50)),
        {"prepare": "resize", "size": [64, 48]},
    ),
    "300 classes": (
        lambda folder: write(folder / "many", [f"kind {n}" for n in range(300)], 3, (30, 30)),
        {"prepare": "none", "held_out": 0.34},
    ),
}


def built_of(project, source, **changes):
    """Give a project other data, and run its stages; return the description of the data."""
    for name, value in {"source": str(source), "sha256": None, "classes": None, **changes}.items():
        project.set(f"fetch.{name}", value)
    project.stages()
    return project.read("data/raw/info.json")


def texts(page):
    """What is written on a page, read aloud or shown, without the names of commands."""
    return page.evaluate(
        """() => {
            document.querySelectorAll("code, script, style").forEach((node) => node.remove());
            const said = ["aria-label", "title", "alt"].flatMap((name) =>
                [...document.querySelectorAll(`[${name}]`)].map((node) => node.getAttribute(name)),
            );
            return [document.title, document.body.innerText, ...said].join("\\n");
        }"""
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_parameters_is_enough(project, tmp_path, chromium, kind):
    make, changes = KINDS[kind]
    info = built_of(project, make(tmp_path), **changes)
    classes = info["classes"]
    for name in project.read("params.yaml")["models"]:
        accuracy = project.read(f"metrics/evaluation/{name}.json")["accuracy"]
        if name == "hidden" and len(classes) < 100:  # three pictures of each are too few
            assert accuracy > 1.5 / len(classes)
        rows = project.path(f"metrics/predictions/{name}.csv").read_text().splitlines()
        assert len(rows) == 1 + info["test"]
        with Image.open(project.path(f"metrics/confusion/{name}.png")) as picture:
            assert min(picture.size) > 300
    assert set(project.read("metrics/dataset.json")["train"]["examples"]) == set(classes)
    for width in (360, 1600):
        with opened(chromium, project.path("report/index.html"), width=width) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert (page.locator("canvas").count() > 0) == (info["prepare"] == "mnist")
            if width == 1600 and len(classes) <= FEW:
                page.locator("[data-model='1'] [data-actual]").first.click()
            said = texts(page)
        for word in ("MNIST", "igit", "NaN", "undefined"):
            assert word not in said, re.findall(f".*{word}.*", said)
        assert [name for name in classes[:FEW] if name not in said] == []
        assert info["title"] in said


def test_fashion_mnist_by_its_name(project, chromium):
    if not Path(DEBIAN_FOLDER).is_dir():
        miss = pytest.fail if "REQUIRE_FASHION" in os.environ else pytest.skip
        miss("Debian's package dataset-fashion-mnist is not installed")
    project.set("models", ["hidden"])
    info = built_of(project, "fashion_mnist", prepare="mnist")  # which the catalogue knows
    assert (info["title"], info["prepare"]) == ("Fashion-MNIST", "resize")
    assert 0.855 <= project.read("metrics/evaluation/hidden.json")["accuracy"] <= 0.885
    with opened(chromium, project.path("report/index.html"), width=360) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        said = texts(page)
    assert "igit" not in said
    assert "MNIST" not in said.replace("Fashion-MNIST", "")
    assert all(word in said for word in ("Ankle boot", "Zalando", "Articles of clothing"))


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
