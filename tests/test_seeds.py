"""`digits seeds`: what the stages would have given, one seed after the other."""

import json
import statistics
import subprocess
import sys

import pytest

from commands.seeds import spread, table
from tests import pipeline

pytestmark = pytest.mark.xdist_group("branches")  # which are made once, by one worker


def seeds(project, *arguments):
    """Exit code, what was printed, and the lines on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "digits", "seeds", *arguments],
        cwd=project.folder,
        env=pipeline.ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


def committed(project, branch):
    scores = json.loads(project.run("git", "show", f"{branch}:metrics/evaluation.json"))
    return {model: scores[model]["accuracy"] for model in ("basic", "hidden")}


@pytest.mark.slow
def test_each_seed_gives_what_the_stages_commit_with_it(branches):
    code, out, told = seeds(branches, "2", "--json")
    assert code == 0
    found = json.loads(out)
    for seed, branch in enumerate(("main", "seeded")):
        want = committed(branches, branch)
        assert {model: row["accuracies"][seed] for model, row in found.items()} == want
        assert told[seed] == f"seed {seed}: " + ", ".join(
            f"{model} {accuracy:.2%}" for model, accuracy in want.items()
        )
    assert committed(branches, "main")["basic"] != committed(branches, "seeded")["basic"]
    for row in found.values():
        assert row["deviation"] == pytest.approx(statistics.stdev(row["accuracies"]), abs=1e-6)
    assert branches.run("git", "status", "--porcelain") == ""


def test_the_table():
    rows = {"basic": spread([0.9261, 0.9265, 0.9243]), "hidden": spread([1.0, 0.9766])}
    assert (
        "\n".join(table(rows))
        == """\
model       mean  deviation   lowest  highest
basic     92.56%       0.12   92.43%   92.65%
hidden    98.83%       1.65   97.66%  100.00%"""
    )


def test_the_spread_by_hand():
    assert spread([0.1, 0.2, 0.3]) == {
        "mean": 0.2,
        "deviation": 0.1,
        "lowest": 0.1,
        "highest": 0.3,
        "accuracies": [0.1, 0.2, 0.3],
    }


def test_bad_input_is_one_line(branched):
    def fault(*arguments):
        code, out, told = seeds(branched, *arguments)
        assert (code, out) == (1, "")
        return "\n".join(told)

    assert fault("1") == "error: expected 2 or more seeds, since one has no deviation; got 1"
    branched.path("data/processed/test_images.npy").unlink()
    assert fault("2").startswith("error: data/processed/test_images.npy cannot be read: ")
    branched.edit("params.yaml", "limit: null", "limit: 100")
    assert fault("2") == (
        "error: data/processed is not of today's code and parameters (preprocess to be run): "
        "`dvc repro preprocess` first"
    )
    branched.edit("params.yaml", "units: 100", "units: many")
    assert "train_hidden.units: expected a valid integer, got 'many'" in fault("2")
