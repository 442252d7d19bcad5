import re

import pytest
import yaml

from digits import gate
from digits.errors import ArtifactError, ParameterError

TESTED = {"basic": {"accuracy": 0.92}, "hidden": {"accuracy": 0.97, "macro_f1": float("nan")}}


@pytest.mark.parametrize(
    ("floors", "faults"),
    [
        ({}, []),
        ({"basic": {"accuracy": 0.92}, "hidden": {"accuracy": 0.0}}, []),
        ({"basic": {"accuracy": 0.9201}}, ["basic accuracy is 0.92, below 0.9201"]),
        ({"hidden": {"macro_f1": 0.0}}, ["hidden macro_f1 is nan, below 0.0"]),
        (
            {"basic": {"accuracy": 1.0}, "hidden": {"accuracy": 1.0}},
            ["basic accuracy is 0.92, below 1.0", "hidden accuracy is 0.97, below 1.0"],
        ),
    ],
)
def test_metrics_below_their_floors_are_named(floors, faults):
    assert gate.below(floors, TESTED) == faults


@pytest.mark.parametrize("tested", [TESTED, {}, [], 3, None, {"large": None}])
def test_a_floor_for_what_was_not_measured(tested):
    with pytest.raises(ArtifactError, match="has a floor for the accuracy of 'large', but"):
        gate.below({"large": {"accuracy": 0.5}}, tested)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"floors": {"basic": {"loss": 0.1}}}, "expected 'accuracy', 'accuracy_low' or 'macro_f1'"),
        ({"floors": {"basic": {"accuracy": True}}}, "expected a valid number, got True"),
        ({"floors": {"basic": {"accuracy": float("nan")}}}, "floors.basic.accuracy: expected"),
        ({"floors": None}, "floors: expected a valid dictionary, got null"),
        ({"against": "--all"}, "against: should match pattern"),
        ({"allowed_regression": -0.1}, "expected greater than or equal to 0, got -0.1"),
        ({"regression": 0}, "unknown key; did you mean 'allowed_regression'?"),
    ],
)
def test_a_gate_that_cannot_be_used(tmp_path, change, message):
    path = tmp_path / "gate.yaml"
    good = {"floors": {"basic": {"accuracy": 1}}, "against": "main", "allowed_regression": 0}
    path.write_text(yaml.safe_dump(good))
    assert gate.read(path).floors == {"basic": {"accuracy": 1.0}}
    path.write_text(yaml.safe_dump({**good, **change}))
    with pytest.raises(ParameterError, match=re.escape(message)):
        gate.read(path)


def test_the_gate_of_this_project_asks_for_the_reference_results():
    assert gate.read("gate.yaml") == gate.Gate(
        floors={"basic": {"accuracy": 0.92}, "hidden": {"accuracy": 0.97}},
        against="main",
        allowed_regression=0.003,
    )
