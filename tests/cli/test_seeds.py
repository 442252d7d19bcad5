"""`digits seeds`: what the stages would have given, however many seeds run at a time."""

import json
import statistics
import subprocess
import sys
import time

import pytest
import yaml

from tests import pipeline

DIGITS = [sys.executable, "-m", "digits", "seeds"]
TRAIN = """\
import json, pathlib, sys, time
seed = json.loads(pathlib.Path("params.yaml").read_text())["train"]["seed"]
print("training with", seed)
name = sys.argv[0].rsplit("train_")[-1].removesuffix(".py")
if pathlib.Path("data/slow").exists():
    time.sleep(60)
pathlib.Path("models").mkdir(exist_ok=True)
room = len(pathlib.Path("data/processed").read_text())
pathlib.Path("models", name).write_text(str(seed + len(name) + room))
"""
EVALUATE = """\
import json, pathlib
models = {path.name: int(path.read_text()) / 100 for path in pathlib.Path("models").iterdir()}
scores = {name: {"accuracy": accuracy} for name, accuracy in models.items()}
pathlib.Path("metrics").mkdir()
pathlib.Path("metrics/evaluation.json").write_text(json.dumps(scores))
"""
DVC_YAML = """\
stages:
  preprocess:
    cmd: cp params.yaml data/processed
    params: [preprocess]
    outs: [data/processed]
"""


def seeds(project, *arguments, **variables):
    """Exit code, what was printed, and the lines on stderr."""
    done = subprocess.run(
        [*DIGITS, *arguments],
        cwd=project.folder,
        env={**pipeline.ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.fixture
def own(small):
    """This project's code and parameters, with stages that take no time, and its list of models."""
    small.path("digits").symlink_to(pipeline.ROOT / "digits")
    params = yaml.safe_load(pipeline.ROOT.joinpath("params.yaml").read_text())
    params["fetch"]["source"] = "Zürich: 😀"
    small.path("params.yaml").write_text(
        yaml.safe_dump(params, allow_unicode=True, sort_keys=False)
    )
    small.path("stages").mkdir()
    small.path("data").mkdir()
    for name in params["models"]:
        small.path(f"stages/train_{name}.py").write_text(TRAIN)
    small.path("stages/evaluate.py").write_text(EVALUATE)
    small.path("dvc.yaml").write_text(DVC_YAML)
    small.run("dvc", "repro", "--quiet")
    small.models = params["models"]
    return small


def test_each_model_of_the_list_is_trained_and_tested_by_its_stage(own, tmp_path):
    code, out, told = seeds(own, "3", "--json", TMPDIR=str(tmp_path))
    assert code == 0, told
    found, room = json.loads(out), len(own.path("data/processed").read_text())
    assert list(found) == own.models
    for name, row in found.items():
        assert row["accuracies"] == [(seed + len(name) + room) / 100 for seed in range(3)]
        assert row["deviation"] == 0.01
    assert sorted(line.split(":")[0] for line in told) == ["seed 0", "seed 1", "seed 2"]
    assert not list(tmp_path.glob("digits-seeds-*"))
    assert not own.path("models").exists()


def test_the_numbers_do_not_depend_on_how_many_run_at_a_time(own):
    code, one, told = seeds(own, "5", "--json", "--jobs", "1")
    assert code == 0
    assert [line.split(":")[0] for line in told] == [f"seed {seed}" for seed in range(5)]
    for jobs in ("3", "100"):
        assert seeds(own, "5", "--json", "--jobs", jobs)[:2] == (0, one)


def test_one_that_fails_stops_those_that_run_beside_it(own, tmp_path):
    own.append(f"stages/train_{own.models[0]}.py", "sys.exit(7) if seed else time.sleep(600)\n")
    code, out, told = seeds(own, "3", "--jobs", "2", TMPDIR=str(tmp_path))
    assert (code, out) == (1, "")
    assert told[0] == f"error: stage train_{own.models[0]} failed (exit code 7):"
    assert not list(tmp_path.glob("digits-seeds-*"))


def test_a_stage_that_fails_shows_what_it_said(own):
    first = own.models[0]
    own.append(f"stages/train_{first}.py", "sys.exit('error: no memory left')\n")
    code, out, told = seeds(own, "2", "--jobs", "1")
    assert (code, out) == (1, "")
    assert told == [
        f"error: stage train_{first} failed (exit code 1):", "training with 0",
        "error: no memory left",
    ]  # fmt: skip


def test_stopped_it_leaves_nothing(own, tmp_path):
    own.path("data/slow").touch()
    environment = {**pipeline.ENVIRONMENT, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [*DIGITS, "2"], cwd=own.folder, env=environment, stderr=subprocess.PIPE, text=True
    )
    while not list(tmp_path.glob("digits-seeds-*/data")):
        time.sleep(0.1)
    time.sleep(1)
    process.terminate()
    assert process.communicate(timeout=20)[1] == "error: stopped by SIGTERM\n"
    assert process.returncode == 143
    assert not list(tmp_path.glob("digits-seeds-*"))


@pytest.mark.parametrize("count", ["1", "0", "-1", "x", "²", "1.5", ""])
def test_a_count_that_is_none(own, count):
    code, out, told = seeds(own, "--", count)
    assert (code, out) == (1, "")
    assert told == [f"error: expected 2 or more seeds, since one has no deviation; got {count}"]


@pytest.mark.parametrize("jobs", ["0", "-1", "x", "1.5", ""])
def test_a_number_of_jobs_that_is_none(own, jobs):
    assert seeds(own, "2", f"--jobs={jobs}") == (
        1,
        "",
        [f"error: expected 1 or more jobs, got {jobs}"],
    )


def test_bad_parameters_and_stale_data(own):
    text = own.path("params.yaml").read_text()
    own.path("params.yaml").write_text(text.replace("limit: null", "limit: 100"))
    assert seeds(own, "2")[2] == [
        "error: data/processed is not of today's code and parameters (preprocess to be run): "
        "`dvc repro preprocess` first"
    ]
    own.path("params.yaml").write_text(text.replace("epochs: ", "epochs: m"))
    assert any("train.epochs: expected a valid integer" in line for line in seeds(own, "2")[2])


def test_the_table(own):
    code, out, _ = seeds(own, "2")
    assert code == 0
    head, *rows = out.splitlines()
    assert head.split() == ["mean", "deviation", "lowest", "highest"]
    room = len(own.path("data/processed").read_text())
    for name, row in zip(own.models, rows, strict=True):
        low = room + len(name)
        assert row.split() == [name, f"{low + 0.5:.2f}%", "0.71%", f"{low}.00%", f"{low + 1}.00%"]


@pytest.mark.slow
def test_each_seed_gives_what_the_stages_commit_with_it(branches):
    code, out, _ = seeds(branches, "2", "--json", "--jobs", "2")
    assert code == 0
    assert seeds(branches, "2", "--json", "--jobs", "1")[1] == out
    found = json.loads(out)
    for seed, branch in enumerate(("main", "seeded")):
        want = json.loads(branches.run("git", "show", f"{branch}:metrics/evaluation.json"))
        assert {name: row["accuracies"][seed] for name, row in found.items()} == {
            name: scores["accuracy"] for name, scores in want.items()
        }
    for row in found.values():
        assert row["deviation"] == pytest.approx(statistics.stdev(row["accuracies"]), abs=1e-6)
    assert branches.run("git", "status", "--porcelain") == ""
