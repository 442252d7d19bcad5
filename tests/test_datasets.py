"""The whole pipeline on other data than MNIST, and what people see of it."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.datasets.catalogue import DEBIAN_FOLDER
from tests.browser import opened
from tests.datasets.test_folder import write
from tests.datasets.test_formats import write_npz

pytestmark = pytest.mark.slow


def of_letters(folder):
    """26 classes, as EMNIST's letters have them, in an .npz."""
    patterns = np.random.default_rng(0).integers(0, 2, (26, 7, 7)).repeat(4, 1).repeat(4, 2) * 200
    labels = np.tile(np.arange(26, dtype=np.uint8), 12)
    noise = np.random.default_rng(1).integers(0, 55, (312, 28, 28))
    images = (patterns[labels] + noise).astype(np.uint8)
    return write_npz(
        folder / "letters.npz", (images[:260], labels[:260], images[260:], labels[260:])
    )


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
    project.set("robustness.rotation", [10])
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
            if width == 1600:
                page.locator("[data-model='1'] [data-actual]").first.click()
            said = texts(page)
        for word in ("MNIST", "igit", "NaN", "undefined"):
            assert word not in said, re.findall(f".*{word}.*", said)
        assert [name for name in classes[:30] if name not in said] == []
        assert info["title"] in said
    drawn = json.loads(project.run("dvc", "plots", "show", "--json", "metrics/classes.csv"))
    assert not drawn.get("errors")


def test_fashion_mnist_by_its_name(project, tmp_path, chromium):
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
    images, labels = (
        np.load(project.path(f"data/raw/test_{part}.npy")) for part in ("images", "labels")
    )
    folder = tmp_path / "exported"
    folder.mkdir()
    for place in range(1000):
        Image.fromarray(images[place]).save(folder / f"{place:04}.png")
    rows = json.loads(project.run("python", "-m", "digits", "predict", "--json", str(folder)))
    names = np.array(info["classes"])[labels[:1000]]
    right = np.mean([row["class"] == name for row, name in zip(rows, names, strict=True)])
    wanted = project.path("metrics/predictions/hidden.csv").read_text().splitlines()[1:1001]
    assert abs(right - np.mean([row.split(",")[0] == row.split(",")[1] for row in wanted])) <= 0.02
