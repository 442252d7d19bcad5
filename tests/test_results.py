"""The committed results: within the reference's bands, and stated correctly by the README."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.pipeline import MAP, MODELS

README = Path("README.md").read_text()
PARAMS = yaml.safe_load(Path("params.yaml").read_text())
DATA = json.loads(Path("metrics/dataset.json").read_text())


def metrics(stage, model):
    return json.loads(Path(f"metrics/{stage}/{model}.json").read_text())


@pytest.mark.parametrize(
    ("model", "training", "test"),
    [("basic", (0.92, 0.93), (0.92, 0.93)), ("hidden", (0.982, 1), (0.972, 1))],
)
def test_the_reference_results_are_reproduced(model, training, test):
    scores = metrics("evaluation", model)
    assert training[0] <= metrics("training", model)["accuracy"] <= training[1]
    assert test[0] <= scores["accuracy"] <= test[1]
    assert scores["errors"] == pytest.approx((1 - scores["accuracy"]) * DATA["test"]["shape"][0])


def test_they_are_of_all_of_mnist_by_the_parameters_that_the_readme_states():
    train = PARAMS["train"]
    assert (
        f"Adam at {train['learning_rate']}, batches of {train['batch_size']}, "
        f"{train['epochs']} epochs, all {DATA['train']['shape'][0]:,} training images"
    ) in " ".join(README.split())
    assert f"Dense({PARAMS['train_hidden']['units']}, relu)" in README
    lock = yaml.safe_load(Path("dvc.lock").read_text())["stages"]
    assert lock["fetch"]["params"]["params.yaml"]["fetch"] == PARAMS["fetch"]
    assert lock["preprocess"]["params"]["params.yaml"]["preprocess"]["limit"] is None


def test_the_readme_states_those_of_the_models_that_it_lists():
    """A model may be added or removed without touching it."""
    row = r"^\| `(\w+)` .*\| ([\d.]+%) \| ([\d.]+%) \| ([\d.]+)% ± ([\d.]+) \|"
    stated = {name: cells for name, *cells in re.findall(row, README, re.M) if name in MODELS}
    assert {"basic", "hidden"} <= set(stated)
    for name, (training, test, mean, spread) in stated.items():
        accuracy = metrics("evaluation", name)["accuracy"]
        assert training == f"{metrics('training', name)['accuracy']:.2%}"
        assert test == f"{accuracy:.2%}"
        assert abs(100 * accuracy - float(mean)) < 3 * float(spread)


def test_the_readme_names_files_stages_targets_and_packages_that_exist():
    named = re.findall(r"`((?:digits|stages|\.ci)/[a-z_./]+)`", README)
    linked = re.findall(r"\]\((?!\.\./)([\w./]+)\)", README)  # the badge is of the host's
    for path in {*named, *linked}:
        # A model's file may be removed, or is the one that the README's recipe adds
        assert Path(path).exists() or path.startswith("digits/models/"), path
    targets = re.findall(r"^([a-z-]+):.*##", Path("Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^    |`)make ([a-z-]+)", README, re.MULTILINE)
    assert {"repro", "test"} <= set(named) <= set(targets)
    drawn = set(re.findall(r'node\d+\["(\w+)"\]', README))
    trainings = {name for name in {*MAP, *drawn} if name.startswith("train_")}
    assert drawn - trainings == set(MAP) - trainings
    packages = {path.parent.name for path in Path("digits").glob("*/__init__.py")}
    assert packages <= set(re.findall(r"^      (\w+)/ ", README, re.MULTILINE))


def test_the_picture_in_the_readme_is_the_one_that_was_built():
    built = Path("metrics/confusion/hidden.png")
    if not built.exists():
        pytest.skip("nothing is built: run `dvc repro` first")
    assert Path("docs/confusion_hidden.png").read_bytes() == built.read_bytes()
