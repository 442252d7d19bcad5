"""kill -9 at random moments of a real `dvc repro`; the next `make repro` needs no help."""

import contextlib
import os
import random
import shutil
import signal
import subprocess

import psutil
import pytest

from tests import pipeline
from tests.faults.ending import Running, repro_restores

VICTIMS = ("all", "dvc", "stage")
"""Of a `dvc repro`: all processes are killed, dvc alone, the stage alone."""
SECONDS = 4
"""A stage takes about as long."""


def kill(process, victim):
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
    """Of each stage in its turn alone: a stage that is faster than before starts none after it."""
    before, chance = project.contents(), random.Random(0)  # noqa: S311
    shutil.rmtree(project.path(".dvc/cache"))  # or the stages would not run again
    for out in map(project.path, project.hashes()):
        shutil.rmtree(out) if out.is_dir() else out.unlink()
    for place, stage in enumerate(pipeline.STAGES):
        running = Running(project, "dvc", "repro", stage)
        with running.process:  # closes its output at the end
            running.until(f"Running stage '{stage}':\n")
            try:
                running.process.wait(timeout=chance.uniform(0, SECONDS))
            except subprocess.TimeoutExpired:
                kill(running.process, VICTIMS[place % 3])
            project.run("python", "-m", "digits", "setup")  # as `make repro` does
    repro_restores(project)
    assert project.contents() == before
