"""The committed results: within the reference's bands, and told correctly by the README."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml

README = Path("README.md").read_text()


def metrics(name):
    return json.loads(Path(f"metrics/{name}.json").read_text())


@pytest.mark.parametrize(
    ("model", "training", "test"),
    [("basic", (0.92, 0.93), (0.92, 0.93)), ("hidden", (0.982, 1), (0.972, 1))],
)
def test_the_reference_results_are_reproduced(model, training, test):
    assert training[0] <= metrics(f"train_{model}")["accuracy"] <= training[1]
    assert test[0] <= metrics("evaluation")[model]["accuracy"] <= test[1]
    assert metrics("evaluation")[model]["errors"] == pytest.approx(
        (1 - metrics("evaluation")[model]["accuracy"]) * 10_000
    )


def test_they_are_those_of_the_reference_recipe_on_all_of_mnist():
    params = yaml.safe_load(Path("params.yaml").read_text())
    assert params["train"] == {"seed": 0, "epochs": 5, "batch_size": 32, "learning_rate": 0.001}
    assert params["train_hidden"] == {"units": 100}
    assert params["preprocess"]["limit"] is None
    shapes = {split: facts["shape"] for split, facts in metrics("dataset").items()}
    assert shapes == {"train": [60_000, 28, 28], "test": [10_000, 28, 28]}
    lock = yaml.safe_load(Path("dvc.lock").read_text())["stages"]["fetch"]
    assert lock["params"]["params.yaml"]["fetch"] == params["fetch"]


@pytest.mark.parametrize("model", ["basic", "hidden"])
def test_the_readme_tells_them(model):
    row = next(line for line in README.splitlines() if line.startswith(f"| `{model}`"))
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[3] == f"{metrics(f'train_{model}')['accuracy']:.2%}"
    assert cells[4] == f"{metrics('evaluation')[model]['accuracy']:.2%}"
    mean, spread = (float(number) for number in re.findall(r"[\d.]+", cells[5]))
    assert abs(float(cells[4].rstrip("%")) - mean) < 3 * spread


def test_the_readme_names_files_stages_and_targets_that_exist():
    named = re.findall(r"`((?:digits|stages|\.ci)/[a-z_./]+)`", README)
    linked = re.findall(r"\]\(([\w./]+)\)", README)
    for path in [*named, *linked]:
        assert Path(path).exists(), path
    targets = re.findall(r"^([a-z]+):.*##", Path("Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^    |`)make ([a-z]+)", README, re.MULTILINE)
    assert {"repro", "test"} <= set(named) <= set(targets)
    stages = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
    assert set(re.findall(r'node\d\["(\w+)"\]', README)) == set(stages)


def test_the_picture_in_the_readme_is_the_one_that_was_built():
    lock = yaml.safe_load(Path("dvc.lock").read_text())["stages"]["evaluate"]["outs"]
    md5 = {out["path"]: out["md5"] for out in lock}
    picture = Path("docs/confusion_hidden.png").read_bytes()
    assert (
        hashlib.md5(picture, usedforsecurity=False).hexdigest()
        == md5["metrics/confusion_hidden.png"]
    )
