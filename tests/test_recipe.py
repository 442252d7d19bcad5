"""The README's recipes, to the letter: three models are added, then one is removed."""

import json
import re

import pandas as pd
import pytest

from tests.pipeline import ROOT, copy
from tests.strokes import draw

README = (ROOT / "README.md").read_text()
CONV = '''
from typing import Any

import numpy as np
from pydantic import Field

from digits.backend import keras
from digits.params import Section


class Params(Section, section="train_conv"):
    """Its shape, and how it is trained."""

    filters: int = Field(ge=1, description="of the convolution")
    smoothing: float = Field(ge=0, lt=1, description="of the labels")
    noise: float = Field(ge=0, le=1, description="width; ink is 1")


@keras.saving.register_keras_serializable("conv")
class Doubled(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return 2 * values


def build(pixels: int, classes: int, filters: int, size: tuple[int, int]) -> Any:
    layers = keras.layers
    convolution = layers.Conv2D(filters, 5, strides=2, activation="relu")
    shaped = [keras.Input((pixels,)), layers.Reshape((*size, 1)), convolution, layers.Flatten()]
    return keras.Sequential([*shaped, Doubled(), layers.Dense(classes)], name="conv")


def optimizer(params: Any, steps: int) -> Any:
    return keras.optimizers.Nadam(2 * params.learning_rate)


def loss(smoothing: float) -> Any:
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)


def augment(images: Any, random: Any, size: tuple[int, int], params: Params) -> Any:
    noise = params.noise * (random.random(images.shape, np.float32) - 0.5)
    return (images + noise).clip(0, 1)
'''
"""A model that defines all that a model may define."""
CONV_PARAMS = "  filters: 4\n  epochs: 12\n  noise: 0.1\n  smoothing: 0.1\n"
PLAIN = """
from typing import Any


def build(pixels: int, classes: int) -> Any:
    from digits.backend import keras

    return keras.Sequential([keras.Input((pixels,)), keras.layers.Dense(classes)], name="plain")
"""
NEW = ("deep", "conv", "plain")

pytestmark = pytest.mark.slow


def steps(heading):
    """The section's indented blocks, each after the text that says where it belongs."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    for said, block in re.findall(r"((?:^\S.*\n)+)\n((?:^    .*\n|^\n)+)", section, re.MULTILINE):
        text = re.sub("^    ", "", block, flags=re.MULTILINE)
        yield " ".join(said.split()), text.strip("\n") + "\n"


def add(project, name, module=None, params=None, read="train"):
    """Do what the recipe says, or the same for another model: module, values, what it reads."""
    (file, text), (place, stage), (among, line), (_, values), _ = steps("Add a model")
    path = re.search(r"`(digits/models/\w+\.py)`:$", file)[1].replace("deep", name)
    assert not project.path(path).exists()
    project.path(path).write_text(module or text)

    before = re.search(r"After `(\w+)` in `dvc.yaml`:$", place)[1]
    neighbour = section_of(project, "dvc.yaml", before, "  ")
    stage = re.sub(r"\bdeep\b", name, stage.replace("[train, train_deep]", f"[{read}]"))
    stage = stage.replace("train_deep", f"train_{name}")
    project.edit("dvc.yaml", neighbour, f"{neighbour}{stage}\n")

    known, readers = re.search(r"after `(- .*?)` among the `deps` of (.*):$", among).groups()
    for reader in re.findall(r"`(\w+)`", readers):
        section = section_of(project, "dvc.yaml", reader, "  ")
        lines = line.replace("deep", name)
        if "register" in (module or ""):
            lines += line.replace("models/deep.keras", f"digits/models/{name}.py")
        longer = section.replace(f"{known}\n", f"{known}\n{lines}")
        project.edit("dvc.yaml", section, longer)

    models, section = values.split("\n\n")
    names = [*project.read("params.yaml")["models"], name]
    assert models == f"models: [{', '.join(names)}]" or name != "deep"
    set_models(project, names)
    if params is None:
        project.append("params.yaml", f"\n{section}")
    elif params:
        project.append("params.yaml", f"\ntrain_{name}:\n{params}")


def set_models(project, names):
    """Change the list in params.yaml, as somebody who types it would."""
    (listed,) = re.findall(r"^models: .*\]", project.path("params.yaml").read_text(), re.MULTILINE)
    project.edit("params.yaml", listed, f"models: [{', '.join(names)}]")


def section_of(project, file, name, indent=""):
    """The text of a section of a YAML file."""
    text = project.path(file).read_text()
    (found,) = re.findall(rf"^{indent}{name}:.*\n(?:{indent}  .*\n)*\n?", text, re.MULTILINE)
    return found


def remove(project):
    """Do what the recipe says to remove a model; return its name."""
    ((said, commands),) = steps("Remove a model")
    name = re.search(r"`(\w+)`", said)[1]
    section = f"train_{name}"
    project.run("sh", "-ec", commands)
    for file, indent in [("dvc.yaml", "  "), ("dvc.lock", "  "), ("params.yaml", "")]:
        project.edit(file, section_of(project, file, section, indent), "")
    names = [each for each in project.read("params.yaml")["models"] if each != name]
    set_models(project, names)
    lines = project.path("dvc.yaml").read_text().splitlines(keepends=True)
    left = [line for line in lines if f"models/{name}.keras" not in line]
    project.path("dvc.yaml").write_text("".join(left))
    project.edit("gate.yaml", section_of(project, "gate.yaml", name, "  "), "")
    return name


def build(project):
    """Run the commands at the end of the recipe; return the stages that were run, sorted."""
    *_, (_, commands) = steps("Add a model")
    output = project.run("sh", "-ec", commands)
    return sorted(re.findall(r"^Running stage '(\w+)':$", output, re.MULTILINE))


@pytest.fixture(scope="module")
def changed(built, tmp_path_factory):
    """A branch on which three models are added and then one is removed, each built."""
    project = copy(built, tmp_path_factory.mktemp("recipe") / "project")
    for name in project.read("gate.yaml")["floors"]:
        project.set(f"floors.{name}", {"accuracy": 0.0}, "gate.yaml")
    project.commit("floors for small data")
    project.run("git", "switch", "--quiet", "--create", "models")
    add(project, "deep", read="train, train_deep")
    shared = [f"train.{key}" for key in project.read("params.yaml")["train"] if key != "epochs"]
    add(project, "conv", CONV, CONV_PARAMS, ", ".join([*shared, "train_conv"]))
    add(project, "plain", PLAIN, "")
    touched = project.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()
    models = [f"?? digits/models/{name}.py" for name in sorted(NEW)]
    assert touched == [" M dvc.yaml", " M params.yaml", *models]
    after = ["evaluate", "report", "robustness"]
    assert build(project) == sorted([*after, *(f"train_{name}" for name in NEW)])
    project.commit("three models")
    hold_tests(project)
    removed = remove(project)
    assert build(project) == after
    project.commit("one model less")
    hold_tests(project)
    return project, removed


def hold_tests(project):
    """See to it that the tests of the map and of the parameters pass in the project."""
    tests = ["tests/test_map.py", "tests/cli/test_parameters.py"]  # but for edits of our values
    project.run("pytest", "-q", "-p", "no:cacheprovider", "-k", "not refuses", *tests)
    assert project.run("git", "status", "--porcelain") == ""


def test_the_results_and_commands_hold_the_new_ones_and_not_the_removed_one(changed, tmp_path):
    project, removed = changed
    names = project.read("params.yaml")["models"]
    assert names[-3:] == list(NEW)
    assert removed not in names
    for folder in ("evaluation", "training", "robustness", "confusion", "history"):
        found = {path.stem for path in project.path(f"metrics/{folder}").iterdir()}
        assert found == set(names), folder
    for table in ("robustness", "classes", "calibration"):
        assert list(pd.read_csv(project.path(f"metrics/{table}.csv"))["model"].unique()) == names
    for name in NEW:
        assert project.read(f"metrics/evaluation/{name}.json")["accuracy"] > 0.9, name
    assert {path.stem for path in project.folder.glob("models/*.keras")} == set(names)
    page = project.path("report/index.html").read_text()
    assert removed not in page
    left_out = re.search(r"<p>(.*?) cannot be tried here", page)[1]
    assert [name for name in names if name in left_out] == ["conv"]
    drawn = json.loads(project.run("dvc", "plots", "show", "--json"))["data"]
    plots = {path for path in drawn if path.startswith(("metrics/history/", "metrics/predictions"))}
    wanted = {f"metrics/{kind}/{name}.csv" for kind in ("history", "predictions") for name in names}
    assert plots == wanted
    draw(1).save(tmp_path / "digit.png")
    command = ["python", "-m", "digits", "predict", "--json", "--model", "all"]
    output = project.run(*command, str(tmp_path / "digit.png"))
    assert [row["model"] for row in json.loads(output)] == names
    compared = project.run("python", "-m", "digits", "compare", "main", "--json")
    verdicts = {name: model["verdict"] for name, model in json.loads(compared)["models"].items()}
    assert {name for name, verdict in verdicts.items() if verdict == "new"} == set(NEW)
    assert {name for name, verdict in verdicts.items() if verdict == "removed"} == {removed}


def test_the_branch_is_fit_to_be_merged(changed):
    output = changed[0].run("python", "-m", "digits", "validate")
    assert re.findall(r"^(ok|FAILED) +(\w+)", output, re.MULTILINE) == [
        ("ok", name) for name in ("parameters", "lock", "rebuild", "floors", "comparison")
    ]
