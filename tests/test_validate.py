"""What `digits validate` lets pass and what it does not: real branches, one fault at a time."""

import json

import pytest
import yaml

from tests import pipeline

CHECKS = ("parameters", "dvc.lock", "rebuild", "floors", "comparison")
UNITS = ("params.yaml", "units: 100", "units: 3")
EPOCHS = ("params.yaml", "epochs: 5", "epochs: 1")


def validate(project, *options, failed=()):
    """Run it; return what it says of each check. `failed`: these must fail, and no other."""
    output = project.run("python", "-m", "digits", "validate", *options, code=int(bool(failed)))
    lines = [
        line.split(maxsplit=2)
        for line in output.splitlines()
        if line.startswith(("ok ", "FAILED ", "skipped "))
    ]
    assert tuple(name for _, name, _ in lines) == CHECKS, output
    assert tuple(name for result, name, _ in lines if result == "FAILED") == tuple(failed), output
    assert "Traceback" not in output
    if failed:
        assert f"error: {len(failed)} of 5 checks failed: {', '.join(failed)}" in output
    return {name: f"{result} {said}" for result, name, said in lines}


def branch(project):
    project.run("git", "switch", "--quiet", "--create", "branch")


def gate(project, **changes):
    text = project.path("gate.yaml").read_text()
    project.path("gate.yaml").write_text(yaml.safe_dump({**yaml.safe_load(text), **changes}))


@pytest.mark.slow
def test_a_branch_that_is_fit_to_be_merged(project):
    branch(project)
    said = validate(project)
    assert said["parameters"] == "ok params.yaml and gate.yaml are valid"
    assert said["dvc.lock"] == "ok of this code and these parameters"
    assert said["rebuild"] == "ok the rebuild gave the committed bytes"
    assert said["floors"] == "ok 2 metrics are as high as gate.yaml asks"
    assert said["comparison"].startswith("ok with main: basic within noise (")
    assert project.run("git", "status", "--porcelain") == ""


@pytest.mark.slow
def test_all_checks_are_made_whatever_the_first_ones_say(project):
    branch(project)
    project.edit(*EPOCHS[:2], "epochs: 1\n  momentum: 0.9")
    scores = json.loads(project.path("metrics/evaluation.json").read_text())
    scores["hidden"] |= {"accuracy": 0.5, "errors": 50}
    project.path("metrics/evaluation.json").write_text(json.dumps(scores))
    project.commit()
    said = validate(project, failed=CHECKS)
    assert "params.yaml cannot be used: train.momentum: unknown key" in said["parameters"]
    assert "train_basic, train_hidden" in said["dvc.lock"]
    assert "`dvc repro --force` ended with exit code" in said["rebuild"]
    assert "hidden accuracy is 0.5, below 0.97" in said["floors"]
    assert "hidden worse (100.00% to 50.00%)" in said["comparison"]


@pytest.mark.slow
def test_a_rebuild_that_gives_something_else(project):
    project.run("python", "-m", "digits", "verify", "--record")
    scores = json.loads(project.path("metrics/evaluation.json").read_text())
    scores["basic"]["loss"] += 0.001
    project.path("metrics/evaluation.json").write_text(json.dumps(scores, indent=2) + "\n")
    project.run("dvc", "commit", "--force")
    project.commit()
    said = validate(project, failed=["rebuild"])
    assert "differs from the committed results in dvc.lock, metrics/eval" in said["rebuild"]


def test_what_is_left_out_is_said(project):
    said = validate(project, "--quick")
    assert said["rebuild"] == "skipped by --quick: whether the results come back is not known"
    assert said["comparison"].endswith("(this is main: compare a branch)")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("against: main", "against: main\nflors: {}", "gate.flors: unknown key; did you mean 'fl"),
        ("0.92", "92", "gate.floors.basic.accuracy: expected less than or equal to 1, got 92"),
        ("floors:", "floors: [", "gate.yaml is not valid YAML"),
    ],
)
def test_a_gate_that_cannot_be_used(project, old, new, message):
    project.edit("gate.yaml", old, new)
    said = validate(project, "--quick", failed=["parameters", "floors", "comparison"])
    assert message in said["parameters"]


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        (*UNITS, ["train_hidden", "report"]),
        ("digits/params/train.py", '"""', '"""Also: ', ["train_basic", "train_hidden", "report"]),
        (
            "dvc.yaml",
            "      - fetch\n    outs",
            "      - fetch\n      - train\n    outs",
            ["fetch"],
        ),
    ],
)
def test_a_lock_of_other_code_or_parameters(project, tmp_path, file, old, new, stages):
    clone = pipeline.Project(tmp_path / "clone")
    project.run("git", "clone", "--quiet", ".", str(clone.folder))
    for place in (project, clone):  # the second one has no data
        place.edit(file, old, new)
        said = validate(place, "--quick", failed=["dvc.lock"])["dvc.lock"]
        named = ", ".join(stages if place is project else stages[:1])
        assert said.startswith(f"FAILED dvc.lock is not up to date: {named}, and what depends")
        output = place.run("python", "-m", "digits", "check", "--lock", code=1)
        assert output.startswith(f"error: dvc.lock is not up to date: {named}, and what")
    clone.run("git", "checkout", "--quiet", ".")
    assert clone.run("python", "-m", "digits", "check", "--lock") == ""


def test_a_map_that_dvc_cannot_read(project):
    project.edit("dvc.yaml", "stages:", "stagez:")
    said = validate(project, "--quick", failed=["dvc.lock", "comparison"])
    assert "validation failed" in said["dvc.lock"]


@pytest.mark.slow
def test_a_worse_model_the_floors_and_the_regression_that_is_allowed(project):
    branch(project)
    project.edit(*UNITS)
    project.edit(*EPOCHS)
    project.repro()
    project.commit()
    said = validate(project, "--quick", failed=["floors", "comparison"])
    assert "hidden accuracy is 0." in said["floors"]
    assert "hidden worse (100.00% to " in said["comparison"]
    assert "`digits compare main` shows more of " in said["comparison"]

    gate(project, floors={})
    said = validate(project, "--quick", failed=["comparison"])
    assert said["floors"] == "ok gate.yaml has none"
    lost = 1 - json.loads(project.path("metrics/evaluation.json").read_text())["hidden"]["accuracy"]
    gate(project, allowed_regression=round(lost - 0.01, 2))
    validate(project, "--quick", failed=["comparison"])
    gate(project, allowed_regression=1)
    assert "hidden worse (100.00% to " in validate(project, "--quick")["comparison"]

    gate(project, allowed_regression=0, floors={"hiden": {"accuracy": 0.1}})
    said = validate(project, "--quick", failed=["floors", "comparison"])
    assert "did you mean 'hidden'?" in said["floors"]


def test_a_main_without_results_and_one_that_is_not_there(project):
    branch(project)
    project.run("git", "switch", "--quiet", "main")
    project.run("git", "rm", "--quiet", "metrics/evaluation.json")
    project.commit()
    project.run("git", "switch", "--quiet", "branch")
    said = validate(project, "--quick")
    assert said["comparison"].startswith("ok with main: it has no metrics yet")
    gate(project, against="trunk")
    said = validate(project, "--quick", failed=["comparison"])
    assert "trunk is not a revision of this repository" in said["comparison"]
