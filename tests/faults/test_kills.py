"""kill -9 at random moments of a real `dvc repro`; the next `make repro` needs no help."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest

from digits.data.dataset import content_sha256
from digits.datasets import catalogue
from tests import pipeline
from tests.faults.ending import Running, repro_restores
from tests.faults.server import Server, body

VICTIMS = ("all", "dvc", "stage")
"""Of a `dvc repro`: all processes are killed, dvc alone, the stage alone."""


@pytest.fixture(scope="module")
def original(dataset, tmp_path_factory):
    """A project that downloads its data, from a server on loopback; how long each stage takes."""
    folder = tmp_path_factory.mktemp("kills") / "project"
    project = pipeline.make(folder, dataset, content_sha256(dataset))
    content = (folder.parent / "project.npz").read_bytes()
    with Server() as server:
        server.answers["/mnist.npz"] = body(content)
        known = project.path("digits/datasets/catalogue.py")
        known.write_text(known.read_text().replace(catalogue.KERAS_URL, f"{server.address}/"))
        project.set("fetch.source", "mnist")
        with Running(project, "dvc", "repro").process as process:
            began = [(line, time.monotonic()) for line in process.stdout if "Running" in line]
        ended = [*(later for _, later in began[1:]), time.monotonic()]
        project.commit()
        yield project, {line: end - at for (line, at), end in zip(began, ended, strict=True)}
        assert server.asked


def forget_all(project):
    """Remove all outputs, also from the cache, so that all stages must run again."""
    shutil.rmtree(project.path(".dvc/cache"))
    for out in project.hashes():
        path = project.path(out)
        shutil.rmtree(path) if path.is_dir() else path.unlink()


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
def test_kills_at_a_random_moment_of_each_stage(original, tmp_path):
    """Of each stage in its turn alone: a stage that is faster than before starts none after it."""
    built, seconds = original
    project = pipeline.copy(built, tmp_path / "project")
    before, chance = project.contents(), random.Random(0)  # noqa: S311
    forget_all(project)
    for place, stage in enumerate(pipeline.STAGES):
        running, line = Running(project, "dvc", "repro", stage), f"Running stage '{stage}':\n"
        with running.process:  # closes its output at the end
            running.until(line)
            try:
                running.process.wait(timeout=chance.uniform(0, seconds[line]))
            except subprocess.TimeoutExpired:
                kill(running.process, VICTIMS[place % 3])
            project.run("python", "-m", "digits", "setup")  # as `make repro` does
    repro_restores(project)
    assert project.contents() == before


@pytest.mark.slow
@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.99])
def test_a_lock_file_that_was_cut_off(project, share):
    """Mended where DVC refuses what is left or a line is cut, else DVC adds what is missing.

    Too short a moment for the kills above to hit it often; so is that of .dvc/tmp/rwlock
    (tests/cli/test_setup.py).
    """
    lock = project.path("dvc.lock").read_bytes()
    left = lock[: round(len(lock) * share)]
    project.path("dvc.lock").write_bytes(left)
    refused = "refused" in project.run("sh", "-c", "dvc status || echo refused")
    refused |= not left.endswith(b"\n")  # a name that is cut, as `hash: md`, DVC may refuse later
    said = project.run("python", "-m", "digits", "setup")
    restored = "restored the committed dvc.lock: a killed dvc had left it half written\n"
    assert said == (restored if refused else "")
    assert project.path("dvc.lock").read_bytes() == (lock if refused else left)
    repro_restores(project)


def test_a_lock_file_that_was_never_committed(project):
    lock = project.path("dvc.lock").read_bytes()
    project.run("git", "rm", "--quiet", "--cached", "dvc.lock")
    project.run("git", "commit", "--quiet", "--message", "without")
    project.path("dvc.lock").write_bytes(b"")
    said = project.run("python", "-m", "digits", "setup")
    assert said == "removed dvc.lock, which a killed dvc had left half written\n"
    project.run("dvc", "repro")
    assert project.path("dvc.lock").read_bytes() == lock
