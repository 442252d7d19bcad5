"""A bad params.yaml in the pipeline: one message, and nothing is touched."""

import pytest

from tests.faults.ending import fails, main_of, process_fails, repro_restores


def test_a_bad_file_in_a_process_and_dvc_afterwards(project):
    lock = project.path("dvc.lock").read_bytes()
    good = project.path("params.yaml").read_text()
    project.path("params.yaml").write_text("train: &a {seed: *a}\n")
    process_fails(project, "preprocess")
    assert "ERROR" in project.run("dvc", "repro", code=255)
    assert project.path("dvc.lock").read_bytes() == lock
    project.path("params.yaml").write_text(good)
    repro_restores(project)


@pytest.mark.parametrize(
    ("name", "value", "stage", "message"),
    [
        ("fetch.seed", -1, "fetch", "fetch.seed: expected greater than or equal to 0, got -1"),
        ("preprocess.validation", 300, "preprocess", "than the 300 training examples, got 300"),
        ("models", ["nowhere"], "evaluate", "models/nowhere.keras"),
        ("robustness.noise", ["x"], "robustness", "robustness.noise.0: expected a valid number"),
    ],
)
def test_a_bad_value_in_a_stage(shared, name, value, stage, message):
    text = shared.path("params.yaml").read_text()
    shared.set(name, value)
    assert message in fails(shared, main_of(stage))
    shared.path("params.yaml").write_text(text)
