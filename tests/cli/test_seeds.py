"""`digits seeds`: what the stages would have given, however many seeds run at a time."""

import statistics
import subprocess
import sys
import time

import pytest
import yaml

from tests import pipeline
from tests.cli.conftest import Small

TRAIN = """\
import json, pathlib, sys, time
seed, name = json.loads(pathlib.Path("params.yaml").read_text())["train"]["seed"], sys.argv[1]
print("training with", seed)
if pathlib.Path("data/slow").exists():
    time.sleep(60)
pathlib.Path("models").mkdir(exist_ok=True)
size = len(pathlib.Path("data/processed").read_text())
pathlib.Path("models", name).write_text(str(seed + len(name) + size))
"""
EVALUATE = """\
import json, pathlib
pathlib.Path("metrics/evaluation").mkdir(parents=True)
for path in pathlib.Path("models").iterdir():
    scores = json.dumps({"accuracy": int(path.read_text()) / 100})
    pathlib.Path("metrics/evaluation", f"{path.name}.json").write_text(scores)
"""
DVC_YAML = """\
stages:
  preprocess:
    cmd: cp params.yaml data/processed
    params: [preprocess]
    outs: [data/processed]
"""


def found(output, count):
    """Return what was said of each of `count` seeds, and the rows of the table after it."""
    lines = [line.split() for line in output.splitlines() if not line.startswith(">")]
    return lines[:count], {row[0]: row[1:] for row in lines[count + 1 :]}


@pytest.fixture
def own(small):
    """This project's code and parameters, with stages that take no time, and its list of models."""
    small.path("digits").symlink_to(pipeline.ROOT / "digits")
    params = yaml.safe_load(pipeline.ROOT.joinpath("params.yaml").read_text())
    params["fetch"]["source"] = "Zürich: 😀"
    text = yaml.safe_dump(params, allow_unicode=True, sort_keys=False)
    files = {"params.yaml": text, "dvc.yaml": DVC_YAML, "stages/__init__.py": ""}
    files |= {"stages/train.py": TRAIN, "stages/evaluate.py": EVALUATE, "data/.keep": ""}
    for name, content in files.items():
        small.path(name).parent.mkdir(exist_ok=True)
        small.path(name).write_text(content)
    small.run("dvc", "repro", "--quiet")
    small.models, small.size = params["models"], len(small.path("data/processed").read_text())
    return small


def test_each_model_of_the_list_is_trained_and_tested_by_its_stage(own, temporary):
    output = own.digits("seeds", "5", "--jobs", "1")
    told, rows = found(output, 5)
    for seed, line in enumerate(told):
        shares = [f"{own.size + len(name) + seed}.00%" for name in own.models]
        assert [line[1], *(word.strip(",") for word in line[3::2])] == [f"{seed}:", *shares]
    assert list(rows) == own.models
    for name, row in rows.items():  # mean, deviation, lowest, highest
        low = own.size + len(name)
        spread = statistics.stdev(range(5))
        assert row == [f"{low + 2}.00%", f"{spread:.2f}%", f"{low}.00%", f"{low + 4}.00%"]
    assert list(temporary.iterdir()) == []
    assert not own.path("models", own.models[0]).exists()
    assert found(own.digits("seeds", "5", "--jobs", "100"), 5)[1] == rows


def test_one_that_fails_stops_those_beside_it_and_shows_what_it_said(own, temporary):
    own.append("stages/train.py", "sys.exit('error: no memory') if seed else time.sleep(600)\n")
    command = ("python", "-m", "digits", "seeds", "3", "--jobs", "2")
    assert own.run(*command, code=1).splitlines() == [
        f"error: stage train {own.models[0]} failed (exit code 1):",
        "training with 1",
        "error: no memory",
    ]
    assert list(temporary.iterdir()) == []


def test_stopped_it_leaves_nothing(own, temporary):
    own.path("data/slow").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "digits", "seeds", "2"],
        cwd=own.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(temporary.glob("digits-seeds-*/data")):
        time.sleep(0.1)
    process.terminate()
    assert process.communicate(timeout=40)[1] == "error: stopped by SIGTERM\n"
    assert process.returncode == 143
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--", "-1"], ["1"], ["2", "--jobs=0"]])
def test_numbers_that_are_none(small, arguments):
    assert small.digits("seeds", *arguments, code=1).startswith("error: expected 2 or more seeds")
    assert small.digits("seeds", "2", "--jobs", "1.5", code=2).startswith("usage: digits seeds")


def test_bad_parameters_and_stale_data(own):
    text = own.path("params.yaml").read_text()
    own.path("params.yaml").write_text(text.replace("limit: null", "limit: 100"))
    assert "preprocess (params.yaml). `dvc repro preprocess` " in own.digits("seeds", "2", code=1)
    own.path("params.yaml").write_text(text.replace("epochs: ", "epochs: m"))
    assert "train.epochs: expected a valid integer" in own.digits("seeds", "2", code=1)


@pytest.mark.slow
def test_seed_0_gives_what_the_stages_have_committed(project):
    project.set("models", ["basic", "hidden"])
    project.commit("of two models")
    told, _ = found(Small(project.folder).digits("seeds", "2", "--jobs", "1"), 2)
    assert project.run("git", "status", "--porcelain") == ""
    for name in ("basic", "hidden"):
        made = project.read(f"metrics/evaluation/{name}.json")
        assert told[0][told[0].index(name) + 1].strip(",") == f"{made['accuracy']:.2%}"
