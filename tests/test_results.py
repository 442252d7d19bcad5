"""The committed results: within the reference's bands, and told correctly by the README."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

README = Path("README.md").read_text()
PARAMS = yaml.safe_load(Path("params.yaml").read_text())
DATA = json.loads(Path("metrics/dataset.json").read_text())


def metrics(name):
    return json.loads(Path(f"metrics/{name}.json").read_text())


@pytest.mark.parametrize(
    ("model", "training", "test"),
    [
        ("basic", (0.92, 0.93), (0.92, 0.93)),
        ("hidden", (0.982, 1), (0.972, 1)),
        ("augmented", (0.96, 1), (0.988, 1)),
    ],
)
def test_the_reference_results_are_reproduced(model, training, test):
    assert training[0] <= metrics(f"train_{model}")["accuracy"] <= training[1]
    assert test[0] <= metrics("evaluation")[model]["accuracy"] <= test[1]
    assert metrics("evaluation")[model]["errors"] == pytest.approx(
        (1 - metrics("evaluation")[model]["accuracy"]) * metrics("answers")["examples"]
    )


def test_they_are_of_all_of_mnist_by_the_recipe_that_the_readme_states():
    train = PARAMS["train"]
    counts = {split: DATA[split]["shape"][0] for split in ("train", "test")}
    told = " ".join(README.split())
    assert (
        f"Adam at {train['learning_rate']}, batches of {train['batch_size']}, "
        f"{train['epochs']} epochs, all {counts['train']:,} training images"
    ) in told
    assert f"Dense({PARAMS['train_hidden']['units']}, relu)" in told
    assert metrics("answers")["examples"] == counts["test"]  # none is left out, of the others
    lock = yaml.safe_load(Path("dvc.lock").read_text())["stages"]
    assert lock["fetch"]["params"]["params.yaml"]["fetch"] == PARAMS["fetch"]
    assert lock["preprocess"]["params"]["params.yaml"]["preprocess"]["limit"] is None


@pytest.mark.parametrize("model", PARAMS["models"])
def test_the_readme_tells_them(model):
    row = next(line for line in README.splitlines() if line.startswith(f"| `{model}`"))
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[3] == f"{metrics(f'train_{model}')['accuracy']:.2%}"
    assert cells[4] == f"{metrics('evaluation')[model]['accuracy']:.2%}"
    mean, spread = (float(number) for number in re.findall(r"[\d.]+", cells[5]))
    assert abs(float(cells[4].rstrip("%")) - mean) < 3 * spread


def test_changed_images_make_a_model_robust_and_cost_it_nothing_where_hidden_was_good():
    robust = metrics("robustness")
    assert robust["augmented"]["mean_accuracy"] >= 0.80
    assert robust["augmented"]["mean_accuracy_unseen"] > robust["hidden"]["mean_accuracy_unseen"]
    table = pd.read_csv("metrics/robustness.csv")
    lowest = table[table["severity"] > 0].groupby(["model", "corruption"])["accuracy"].first()
    assert (lowest["augmented"] >= lowest["hidden"] - 0.01).all()
    kept_out = set(table["corruption"]) - set(table[table["trained_on"]]["corruption"])
    assert len(kept_out) >= 2
    shares = [
        f"{100 * robust[model][mean]:.0f} %"
        for mean in ("mean_accuracy", "mean_accuracy_unseen")
        for model in ("augmented", "hidden")
    ]
    told = " ".join(README.split())
    assert "gets {} right on average, `hidden` {};".format(*shares) in told
    kinds = " and ".join(sorted(kept_out))
    assert "none of them was trained on, {}, {} and {}".format(kinds, *shares[2:]) in told


def test_the_readme_names_files_stages_and_targets_that_exist():
    named = re.findall(r"`((?:digits|stages|\.ci)/[a-z_./]+)`", README)
    linked = re.findall(r"\]\((?!\.\./)([\w./]+)\)", README)  # the badge is of the host's
    for path in {*named, *linked} - {"digits/models/deep.py", "stages/train_deep.py"}:
        assert Path(path).exists(), path
    targets = re.findall(r"^([a-z]+):.*##", Path("Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^    |`)make ([a-z]+)", README, re.MULTILINE)
    assert {"repro", "test"} <= set(named) <= set(targets)
    stages = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
    assert set(re.findall(r'node\d\["(\w+)"\]', README)) == set(stages)


def test_the_picture_in_the_readme_is_the_one_that_was_built():
    built = Path("metrics/confusion/hidden.png")
    if not built.exists():
        pytest.skip("nothing is built: run `dvc repro` first")
    assert Path("docs/confusion_hidden.png").read_bytes() == built.read_bytes()


def test_the_readme_names_every_room():
    rooms = {path.parent.name for path in Path("digits").glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"^      (\w+)/ ", README, re.MULTILINE))
