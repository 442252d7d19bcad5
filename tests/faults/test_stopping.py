"""Ctrl-C, SIGTERM, a terminal that goes, a parent that is killed, two at once."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from digits.errors import OutputError
from digits.files.atomic import replacing
from tests import pipeline
from tests.faults.ending import Running, repro_restores, state

STAGE = pipeline.COMMANDS["train_basic"]


@pytest.fixture(scope="module")
def training(built, tmp_path_factory):
    """A project whose training takes long; after the last stop it comes back to what it was."""
    project = pipeline.copy(built, tmp_path_factory.mktemp("training") / "project")
    project.set("train.epochs", 10_000)
    yield project
    project.run("git", "restore", "params.yaml")
    repro_restores(project)


@pytest.mark.parametrize(
    ("name", "to_all", "shell"),  # bash becomes its command; sh may not
    [
        ("SIGINT", True, "/bin/bash"),
        ("SIGKILL", False, "/bin/sh"),
    ],
)
def test_a_stop_while_dvc_trains(training, name, to_all, shell):
    running = Running(training, "dvc", "repro", SHELL=shell)
    running.until(": epoch 2/")
    number = getattr(signal, name)
    (os.killpg if to_all else os.kill)(running.process.pid, number)
    assert running.end() != 0
    stopped = name if to_all else "SIGTERM"  # the stage notices that its parent has gone
    assert running.output.count(f"error: stopped by {stopped}\n") == 1
    assert running.output.count("error: ") == 1
    assert "Traceback" not in running.output
    model = re.search(r"(\w+): epoch 2/", running.output)[1]
    assert len(training.path(f"metrics/history/{model}.csv").read_text().splitlines()) > 2
    assert list(training.folder.glob("[dm]*/**/.*.tmp")) == []


@pytest.mark.parametrize(
    ("moment", "name"), [("while it imports", "SIGTERM"), ("while it trains", "SIGHUP")]
)
def test_a_stop_of_a_stage(training, name, moment):
    before = state(training)
    number = getattr(signal, name)
    if moment == "while it trains":
        running = Running(training, *STAGE)
        running.until(": epoch 2/")
    else:
        running = Running(training, "python", "-X", "importtime", *STAGE[1:])
        running.until(" digits.backend.eigen")  # the last one before TensorFlow
    os.kill(running.process.pid, number)
    assert running.end() == 128 + number
    assert running.output.count(f"error: stopped by {name}\n") == 1
    assert "Traceback" not in running.output
    after = state(training)
    if moment == "while it trains":
        history = Path("metrics/history/basic.csv")
        assert len(after[history].splitlines()) > 2
        after[history] = before[history]
    assert after == before


def test_a_stop_waits_for_what_may_not_be_broken(tmp_path):
    code = """
import os, signal
from digits.process import run, unbroken
def main():
    with unbroken():
        os.kill(os.getpid(), signal.SIGTERM)
        print("whole", flush=True)
    print("more", flush=True)
run(main)
"""
    running = Running(pipeline.Project(tmp_path), "python", "-c", code, PYTHONPATH=pipeline.ROOT)
    assert running.end() == 128 + signal.SIGTERM
    assert running.output == "error: stopped by SIGTERM\nwhole\n"


@pytest.mark.slow
def test_what_is_to_survive_the_terminal_does(project):
    running = Running(project, "nohup", *STAGE)
    running.until(": epoch 2/")
    os.kill(running.process.pid, signal.SIGHUP)
    assert running.end() == 0


def test_an_orphan_and_the_next_run_never_write_to_the_same_file(tmp_path, project):
    path = f"{tmp_path}/result"
    other = f"from digits.files.atomic import write_bytes; write_bytes({path!r}, b'next')"
    with pytest.raises(OutputError, match="cannot be written"), replacing(path) as temporary:
        temporary.write_text("orphan")
        subprocess.run(["python", "-c", other], check=True, cwd=project.folder)
    assert (tmp_path / "result").read_text() == "next"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["result"]
