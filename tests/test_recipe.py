"""The README's recipe for a further model, to the letter; then a convolutional one in its way."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

from digits.evaluation.answers import probabilities
from digits.inference import network as inference
from tests import browser
from tests.browser import opened
from tests.conftest import make_images
from tests.pipeline import copy

README = Path("README.md").read_text()
BUILDER = '''"""The conv model."""

from typing import TYPE_CHECKING

from pydantic import Field

from digits.params import Section

if TYPE_CHECKING:
    from digits.backend import keras


class Params(Section, section="train_conv"):
    """Its shape."""

    filters: int = Field(ge=1, description="of the convolution")


def build(pixels: int, classes: int, filters: int) -> "keras.Model":
    """Build Reshape, Conv2D, Flatten, Dense."""
    from digits.backend import keras

    return keras.Sequential(
        [
            keras.Input((pixels,)),
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.Conv2D(filters, 5, strides=2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, activation="softmax"),
        ],
        name="conv",
    )
'''
NEW = ("deep", "conv")

pytestmark = pytest.mark.slow


def steps(heading):
    """The section's indented blocks, each after the text that says where it belongs."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    for said, block in re.findall(r"((?:^\S.*\n)+)\n((?:^    .*\n|^\n)+)", section, re.MULTILINE):
        text = re.sub("^    ", "", block, flags=re.MULTILINE)
        yield " ".join(said.split()), text.strip("\n") + "\n"


def follow(project, blocks):
    """Do what the recipe says, in the four places."""
    builder, stage, section, line, parameters = blocks
    for said, text in (builder, stage):
        (path,) = re.findall(r"`((?:digits/models|stages)/\w+\.py)`:$", said)
        assert not project.path(path).exists()
        project.path(path).write_text(text)

    before, file = re.search(r"After `(\w+)` in `(.+)`:$", section[0]).groups()
    text = project.path(file).read_text()
    (there,) = re.findall(rf"^  {before}:\n(?:    .*\n)+", text, re.MULTILINE)
    project.edit(file, there, f"{there}\n{section[1]}")

    neighbour, names = re.search(r"after `(- .*?)` among the `deps` of (.*):$", line[0]).groups()
    text = project.path(file).read_text()
    for name in re.findall(r"`(\w+)`", names):
        (there,) = re.findall(rf"^  {name}:\n(?:    .*\n)+", text, re.MULTILINE)
        deps, colon, rest = there.partition("    params:")
        assert deps.count(neighbour) == 1
        longer = deps.replace(f"      {neighbour}\n", f"      {neighbour}\n{line[1]}")
        text = text.replace(there, f"{longer}{colon}{rest}")
    project.path(file).write_text(text)

    (file,) = re.findall(r"`(.*?)`", parameters[0].partition("list in")[2])
    models, section = parameters[1].split("\n\n")
    text = project.path(file).read_text()
    assert models.startswith("models: ")
    text = re.sub(r"^models: .*$", models, text, flags=re.MULTILINE)
    project.path(file).write_text(f"{text}\n{section}")


def as_conv(blocks):
    """The same recipe for the other model: its name, its parameter, its builder."""
    changes = {
        "units=params.units, dropout=params.dropout": "filters=params.filters",
        "augmented, deep]": "augmented, deep, conv]",
        "  units: 100\n  dropout: 0.2\n": "  filters: 4\n",
        "train_deep": "train_conv",
    }
    for said, text in blocks:
        for old, new in changes.items():
            text = text.replace(old, new)
        text = re.sub(r"(?<!, )\bdeep\b", "conv", text)
        yield re.sub("deep", "conv", said), BUILDER if "class Params" in text else text


@pytest.fixture(scope="module")
def built_by_it(built, tmp_path_factory):
    """A branch of a project, both models in it, built and committed."""
    project = copy(built, tmp_path_factory.mktemp("recipe") / "project")
    for name in project.read("gate.yaml")["floors"]:
        project.set(f"floors.{name}", {"accuracy": 0.0}, "gate.yaml")
    project.commit("floors for small data")
    project.run("git", "switch", "--quiet", "--create", "models")
    blocks = list(steps("Add a model"))
    follow(project, blocks)
    follow(project, as_conv(blocks))
    touched = project.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()
    assert touched == [
        " M dvc.yaml",
        " M params.yaml",
        *(f"?? digits/models/{name}.py" for name in sorted(NEW)),
        *(f"?? stages/train_{name}.py" for name in sorted(NEW)),
    ]
    stages = [f"train_{name}" for name in NEW]
    assert sorted(project.repro()) == sorted([*stages, "evaluate", "robustness", "report"])
    project.commit("two models")
    return project


def result(project, name):
    return json.loads(project.path(f"metrics/{name}.json").read_text())


def test_the_metrics_hold_them(built_by_it):
    names = built_by_it.read("params.yaml")["models"]
    assert tuple(names[-2:]) == NEW
    evaluation, answers = result(built_by_it, "evaluation"), result(built_by_it, "answers")
    assert list(evaluation) == list(answers)[-len(names) :] == names
    assert set(result(built_by_it, "robustness")) == set(names)
    for table in ("robustness", "classes", "calibration"):
        found = pd.read_csv(built_by_it.path(f"metrics/{table}.csv"))
        assert list(found["model"].unique()) == names
    for name in NEW:
        assert set(evaluation[name]["against_baseline"]) == {"fixed", "broke", "mcnemar_p"}
        assert evaluation[name]["errors"] == len(answers[name]["wrong"])
        assert evaluation[name]["accuracy"] > 0.9
        assert "loss" in result(built_by_it, f"train_{name}")


def test_the_pictures_show_them(built_by_it):
    for name in NEW:
        with Image.open(built_by_it.path(f"metrics/confusion/{name}.png")) as picture:
            assert min(picture.size) > 300
    drawn = json.loads(built_by_it.run("dvc", "plots", "show", "--json"))["data"]
    for name in NEW:
        assert {f"metrics/history/{name}.csv", f"metrics/predictions/{name}.csv"} <= set(drawn)


def test_the_commands_know_them(built_by_it, tmp_path):
    names = built_by_it.read("params.yaml")["models"]
    summary = built_by_it.run("python", "-m", "digits", "summary")
    assert set(names) <= {line.split()[0] for line in summary.splitlines() if line}
    compared = re.findall(r"^(\w+) against (\w+): ", summary, re.MULTILINE)
    assert [pair for pair in compared if pair[0] in NEW] == [(name, names[0]) for name in NEW]
    picture = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(picture).line([(50, 20), (50, 80)], fill=0, width=9)
    picture.save(tmp_path / "digit.png")
    output = built_by_it.run(
        "python", "-m", "digits", "predict", "--json", "--model", "all", str(tmp_path / "digit.png")
    )
    told = {row["model"]: row["digit"] for row in json.loads(output)}
    assert set(NEW) <= set(told)
    compared = built_by_it.run("python", "-m", "digits", "compare", "main", "--json")
    verdicts = {name: model["verdict"] for name, model in json.loads(compared)["models"].items()}
    assert {name for name, verdict in verdicts.items() if verdict == "new"} == set(NEW)


def test_it_is_fit_to_be_merged(built_by_it):
    output = built_by_it.run("python", "-m", "digits", "validate")
    assert re.findall(r"^(ok|FAILED) +(\w+)", output, re.MULTILINE) == [
        ("ok", name) for name in ("parameters", "lock", "rebuild", "floors", "comparison")
    ]


def test_dvc_yaml_lists_what_the_new_stages_reach(built_by_it):
    built_by_it.run("pytest", "-q", "-p", "no:cacheprovider", "tests/test_map.py")
    assert built_by_it.run("git", "status", "--porcelain") == ""


def test_the_page_shows_them_and_computes_the_one_of_dense_layers(built_by_it):
    """A wrong answer on the canvas would be worse than none: the other is named and left out."""
    names = built_by_it.read("params.yaml")["models"]
    evaluation = result(built_by_it, "evaluation")
    images, _ = make_images(20, seed=2)
    browser.require()
    page_file = built_by_it.path("report/index.html")
    with browser.browser() as chromium, opened(chromium, page_file) as page:
        for name in NEW:
            place = names.index(name)
            card = page.inner_text(f".card.model-{place}")
            assert name in card
            assert f"{100 * evaluation[name]['accuracy']:.2f}" in card
            cells = page.locator(f"[data-model='{place}'] [data-actual]")
            assert cells.count() == 100
        deep, conv = (names.index(name) for name in NEW)
        assert page.locator(f"#answer-{deep}").count() == 1
        assert page.locator(f"#answer-{conv}").count() == 0
        assert "conv cannot be tried here" in page.inner_text("#try")
        shown = page.evaluate(
            "([place, images]) => images.map((image) => infer(place, image).softmax)",
            [deep, images.reshape(len(images), -1).tolist()],
        )
    pixels = images.reshape(len(images), -1) / np.float32(255)
    logits = inference.load(str(built_by_it.path("models/deep.keras"))).logits(pixels)
    assert np.abs(np.array(shown) - probabilities(logits)).max() < 1e-5
