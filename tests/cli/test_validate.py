"""What `digits validate` lets pass and what it does not, one fault at a time."""

import pytest
import yaml

from digits.cli.validate import CHECKS
from tests.cli.conftest import Small


def validate(project, *checks, failed=()):
    """Run it; return what it says of each check. `failed`: these must fail, and no other."""
    output = Small(project.folder).digits("validate", *checks, code=int(bool(failed)))
    shown = [line for line in output.splitlines() if line.startswith(("ok ", "FAILED "))]
    lines = [line.split(maxsplit=2) for line in shown]
    assert [name for _, name, _ in lines] == list(checks or CHECKS), output
    assert [name for result, name, _ in lines if result == "FAILED"] == list(failed), output
    if failed:
        said = f"error: {len(failed)} of {len(lines)} checks failed: {', '.join(failed)}"
        assert said in output
    return {name: f"{result} {said}" for result, name, said in lines}


def one(project, check, fails=False):
    """What it says of one check."""
    return validate(project, check, failed=[check] if fails else [])[check]


def gate(project, **changes):
    text = project.path("gate.yaml").read_text()
    project.path("gate.yaml").write_text(yaml.safe_dump({**yaml.safe_load(text), **changes}))


def test_checks_by_name(small):
    said = validate(small, "comparison", "lock")
    assert said["lock"] == "ok of this code and these parameters"
    assert said["comparison"].startswith("ok with main: one within noise (70.00% to 70.00%), ")
    output = small.digits("validate", "lock", "lok", code=1)
    assert output == "error: lok is not a check; did you mean 'lock'?\n"


def test_floors(small):
    small.score(one=0.7, two=0.9)
    assert one(small, "floors") == "ok 0 metrics are as high as gate.yaml asks"
    gate(small, floors={"one": {"accuracy": 0.7}})  # two is new, and has no floor yet
    assert one(small, "floors") == "ok 1 metrics are as high as gate.yaml asks"
    gate(small, floors={"one": {"accuracy": 0.70001}})
    assert "one accuracy is 0.7, below 0.70001. Make the" in one(small, "floors", fails=True)
    gate(small, floors={"twoo": {"accuracy": 0.1}})
    said = one(small, "floors", fails=True)
    assert "floors for 'twoo', which is not in the list of models of params.yaml" in said
    assert said.endswith("; did you mean 'two'?")
    gate(small, dataset="another")
    assert one(small, "floors").startswith("ok not checked: the floors are for another")


def test_a_worse_model_and_the_regression_that_is_allowed(small):
    small.branch()
    small.answer(one=60, two=10, three=99)
    said = one(small, "comparison", fails=True)
    assert "with main: one worse (70.00% to 40.00%), two within noise" in said
    assert "three new (1.00%)" in said
    assert "Make one better, or raise allowed_regression (0.01)" in said
    gate(small, allowed_regression=0.29)
    one(small, "comparison", fails=True)
    gate(small, allowed_regression=0.3)
    assert "one worse" in one(small, "comparison")
    gate(small, against="trunk")
    assert "trunk is not a revision of this repo" in one(small, "comparison", fails=True)


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ("params.yaml", ("seed: 0", "seed: 1"), "train (params.yaml)"),
        ("params.yaml", ("train:", "other: 1\ntrain:"), ""),
        ("source.json", ("0.5", "0.6"), "train (source.json)"),
    ],
)
def test_a_lock_of_other_code_or_parameters(small, tmp_path, old, new, stale):
    clone = Small(tmp_path / "clone")
    small.run("git", "clone", "--quiet", ".", str(clone.folder))
    for place in (small, clone):  # the second one has no data
        place.edit(old, *new)
        said = one(place, "lock", fails=bool(stale))
        assert (f"up to date: {stale}" if stale else "ok") in said
    small.edit("dvc.yaml", "stages:", "stagez:")
    assert "validation failed" in one(small, "lock", fails=True)


def test_a_gate_that_is_weaker_than_that_of_main(small):
    small.branch()
    gate(small, against="HEAD", allowed_regression=0.02)
    small.commit()
    small.run("git", "tag", "main")  # of that name, which git would take for the branch
    found = validate(small, "floors", "comparison")
    compared = " ".join(small.digits("compare", "main", "--md").split())
    said = "weaker than in main: against is HEAD, not main; allowed_regression is 0.02, not 0.01"
    for text in (*found.values(), compared):
        assert said in text


def test_a_stage_that_is_not_that_of_main(small):
    small.branch()
    small.edit("dvc.yaml", "cp -r made/. metrics", "cp -r made/. metrics && true")
    small.edit("dvc.yaml", "deps: [code, source.json]", "deps: [code]")
    small.commit()
    assert one(small, "comparison").endswith(
        "dvc.yaml lacks what it has in main: train.deps source.json; "
        "evaluate.cmd mkdir -p metrics && cp -r made/. metrics"
    )


def test_all_checks_are_made_whatever_the_first_ones_say(small):
    small.branch()
    gate(small, floors={"one": {"accuracy": 0.8}})
    small.edit("params.yaml", "seed: 0", "seed: 1")
    small.answer(one=60, two=10)
    small.commit(lock=False)
    said = validate(small, failed=CHECKS)
    assert "section 'fetch' is missing" in said["parameters"]
    assert "is not up to date: train (params.yaml)" in said["lock"]
    assert "is not up to date: train (params.yaml)" in said["rebuild"]
    assert "one accuracy is 0.7, below 0.8" in said["floors"]
    assert "one worse (" in said["comparison"]
    gate(small, flors={})
    assert "gate.flors: unknown key; did you mean 'fl" in one(small, "floors", fails=True)
