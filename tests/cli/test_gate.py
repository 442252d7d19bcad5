import re

import pytest
import yaml

from digits.cli import gate
from digits.errors import ParameterError
from digits.params import read_params
from digits.params.stages import Models

GOOD = {"dataset": "a", "against": "main", "allowed_regression": 0.1}
GOOD["floors"] = {"small": {"accuracy": 0.9}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"floors": {"small": {"loss": 0.1}}}, "'accuracy', 'accuracy_low' or 'macro_f1'"),
        ({"against": "--all"}, "against: String should match pattern"),
        ({"regression": 0}, "unknown key; did you mean 'allowed_regression'?"),
    ],
)
def test_a_gate_that_cannot_be_used(tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "gate.yaml"
    path.write_text(yaml.safe_dump(GOOD))
    assert gate.read_gate().model_dump() == GOOD
    path.write_text(yaml.safe_dump({**GOOD, **change}))
    with pytest.raises(ParameterError, match=re.escape(message)):
        gate.read_gate()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"floors": {"small": {"accuracy": 1, "macro_f1": 0.1}}, "allowed_regression": 0}, []),
        ({"floors": {"small": {"accuracy": 0.8}}}, ["floors.small.accuracy is 0.8, not 0.9"]),
        ({"floors": {"small": {"macro_f1": 0.9}}}, ["floors.small.accuracy is None, not 0.9"]),
        ({"floors": {}, "dataset": "b"}, ["dataset is b, not a", "floors.small.accuracy is None"]),
        ({"against": "HEAD"}, ["against is HEAD, not main"]),
        ({"allowed_regression": 0.2}, ["allowed_regression is 0.2, not 0.1"]),
    ],
)
def test_a_gate_that_is_weaker_than_another(change, found):
    faults = gate.lower(*(gate.Gate.model_validate(x) for x in (GOOD, {**GOOD, **change})))
    assert [fault[: len(text)] for fault, text in zip(faults, found, strict=True)] == found


def test_the_gate_of_this_project_is_of_its_models():
    found = gate.read_gate()
    assert set(found.floors) <= set(read_params(Models).root)
    assert 0 < found.allowed_regression < 0.01
