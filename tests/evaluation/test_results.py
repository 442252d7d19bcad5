"""What is read of the recorded results, in a folder that holds a small set of them."""

import json

import pytest

from digits.errors import ArtifactError
from digits.evaluation.results import read_results, read_robustness

ANSWERS = {"labels_sha256": "a", "examples": 10, "a": {"wrong": [0, 1, 2]}, "b": {"wrong": [2, 3]}}
ROBUSTNESS = """\
corruption,severity,model,accuracy
shift,0,a,1
shift,1,a,0.5
blur,1,a,0.3
shift,1,b,0.9
blur,1,b,0.5
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics/evaluation").mkdir(parents=True)
    for name in "ab":
        metrics = {"accuracy": 0.7, "macro_f1": 0.6}
        (tmp_path / f"metrics/evaluation/{name}.json").write_text(json.dumps(metrics))
    (tmp_path / "metrics/answers.json").write_text(json.dumps(ANSWERS))
    (tmp_path / "metrics/robustness.csv").write_text(ROBUSTNESS)
    (tmp_path / "params.yaml").write_text("train_b:\n  shift: 3\n  blur: 0\n")
    return tmp_path


def test_results_have_intervals_and_are_paired_with_the_baseline():
    found = read_results(["a", "b"])
    assert found["a"]["accuracy_low"] < found["a"]["accuracy"] == 0.7 < found["a"]["accuracy_high"]
    assert "against_baseline" not in found["a"]
    assert found["b"]["against_baseline"] == {"fixed": 2, "broke": 1, "mcnemar_p": 1.0}


def test_the_corruptions_that_no_model_was_trained_on():
    found = read_robustness(["a", "b"])
    assert [*found["a"].values()] == [0.4, 0.3, []]  # mean, mean of unseen ones, trained on
    assert [*found["b"].values()] == [0.7, 0.5, ["shift"]]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("metrics/answers.json", "3"),
        ("metrics/answers.json", json.dumps({**ANSWERS, "b": {}})),
        ("metrics/evaluation/b.json", '{"accuracy": NaN, "macro_f1": 1}'),
        ("metrics/robustness.csv", "a,b\n1,2\n"),
    ],
)
def test_damaged_results_are_an_artifact_error(folder, path, content):
    (folder / path).write_text(content)
    with pytest.raises(ArtifactError, match="`dvc repro` rebuilds it"):
        read_results(["a", "b"])
        read_robustness(["a", "b"])
