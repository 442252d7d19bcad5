"""Ctrl-C, SIGTERM, a terminal that goes, kill -9, a parent that is killed, two at once."""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
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
        pytest.param("SIGKILL", False, "/bin/sh", marks=pytest.mark.slow),
    ],
)
def test_a_stop_while_dvc_trains(training, name, to_all, shell):
    running = Running(training, "dvc", "repro", SHELL=shell)
    running.until(": epoch 2/")
    (os.killpg if to_all else os.kill)(running.process.pid, getattr(signal, name))
    assert running.end() != 0
    stopped = name if to_all else "SIGTERM"  # the stage notices that its parent has gone
    running.hold_stopped(stopped)
    model = re.search(r"(\w+): epoch 2/", running.output)[1]
    assert len(training.path(f"metrics/history/{model}.csv").read_text().splitlines()) > 2
    assert list(training.folder.glob("[dm]*/**/.*.tmp")) == []


def test_a_stop_of_a_stage_while_it_imports(training):
    before = state(training)
    running = Running(training, "python", "-X", "importtime", *STAGE[1:])
    running.until(" digits.backend.eigen")  # the last one before TensorFlow
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.end() == 128 + signal.SIGTERM
    running.hold_stopped("SIGTERM")
    assert state(training) == before


@pytest.mark.slow
def test_a_stop_of_a_stage_while_it_trains(training):
    before, history = state(training), Path("metrics/history/basic.csv")
    running = Running(training, *STAGE)
    running.until(": epoch 2/")
    os.kill(running.process.pid, signal.SIGHUP)
    assert running.end() == 128 + signal.SIGHUP
    running.hold_stopped("SIGHUP")
    after = state(training)
    assert len(after[history].splitlines()) > 2
    assert after == before | {history: after[history]}


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
    running.until(": epoch 1/")
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


def kill(process, victim):
    """Kill all processes of a `dvc repro`, dvc alone, or the stage alone."""
    children = psutil.Process(process.pid).children(recursive=True)
    if victim == "all":
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "dvc" or not children:
        process.kill()
    else:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            children[-1].kill()
    process.wait(timeout=60)


@pytest.mark.slow
def test_kills_at_a_random_moment_of_each_stage(project):
    """The next `make repro` needs no help. A stage takes about four seconds."""
    before, chance = project.contents(), random.Random(0)  # noqa: S311
    shutil.rmtree(project.path(".dvc/cache"))  # or the stages would not run again
    for out in map(project.path, project.hashes()):
        shutil.rmtree(out) if out.is_dir() else out.unlink()
    for place, stage in enumerate(pipeline.STAGES):
        running = Running(project, "dvc", "repro", stage)
        with running.process:  # closes its output at the end
            running.until(f"Running stage '{stage}':\n")
            try:
                running.process.wait(timeout=chance.uniform(0, 4))
            except subprocess.TimeoutExpired:
                kill(running.process, ("all", "dvc", "stage")[place % 3])
            project.run("python", "-m", "digits", "setup")  # as `make repro` does
    repro_restores(project)
    assert project.contents() == before
