"""kill -9 at random moments of a real `dvc repro`; the next `make repro` needs no help."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest

from digits.data import catalogue
from digits.data.dataset import content_sha256
from tests import pipeline
from tests.faults.ending import repro_restores
from tests.faults.server import Server, body

pytestmark = pytest.mark.slow

ROUNDS = 3
"""For each stage: all processes are killed, dvc alone, the stage alone."""


@pytest.fixture(scope="module")
def original(dataset, tmp_path_factory):
    """A project that downloads its data, from a server on loopback; built and committed."""
    folder = tmp_path_factory.mktemp("kills") / "project"
    project = pipeline.make(folder, dataset, content_sha256(dataset))
    content = (folder.parent / "project.npz").read_bytes()
    with Server() as server:
        server.answers["/mnist.npz"] = body(content)
        known = project.path("digits/datasets/catalogue.py")
        sha256 = hashlib.sha256(content).hexdigest()
        load = next(iter(catalogue.MNIST.sources.values()))
        text = known.read_text().replace(catalogue.KERAS_URL, f"{server.address}/")
        known.write_text(text.replace(load.args[0], sha256))
        project.set("fetch.source", "mnist")
        project.repro()
        project.commit()
        yield project
        assert server.asked


@pytest.fixture
def downloading(original, tmp_path):
    """A copy of `original`, its cache included, for one round: no round can spoil another."""
    return pipeline.copy(original, tmp_path / "project")


def contents(project):
    """What the files of all outputs hold."""
    outs = [project.path(path) for path in project.hashes()]
    return {
        path: path.read_bytes() for out in outs for path in [out, *out.rglob("*")] if path.is_file()
    }


def forget(project, stage):
    """Remove a stage's outputs, also from the cache, so that it must run again."""
    shutil.rmtree(project.path(".dvc/cache/runs"), ignore_errors=True)
    for out in project.lock()[stage]["outs"]:
        md5 = out["md5"]
        cached = project.path(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}")
        for path in (project.path(out["path"]), cached):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def start(project):
    return subprocess.Popen(
        ["dvc", "repro"],
        cwd=project.folder,
        env=pipeline.ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def durations():
    return {}


def kill(process, victim):
    """Kill dvc and all that it started, dvc alone, or the stage alone."""
    children = psutil.Process(process.pid).children(recursive=True)
    if victim == "all":
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "dvc" or not children:
        process.kill()
    else:
        children[-1].kill()
    process.wait(timeout=60)


@pytest.mark.fault("kill -9 in a dvc repro")
@pytest.mark.parametrize("attempt", range(ROUNDS))
@pytest.mark.parametrize("stage", pipeline.STAGES)
def test_kill_at_a_random_moment(downloading, durations, stage, attempt):
    lock = downloading.path("dvc.lock").read_bytes()
    before = contents(downloading)
    if stage not in durations:
        forget(downloading, stage)
        began = time.monotonic()
        start(downloading).wait(timeout=300)
        durations[stage] = time.monotonic() - began
    forget(downloading, stage)
    moment = random.Random(f"{stage} {attempt}").uniform(0.1, 1) * durations[stage]  # noqa: S311
    process = start(downloading)
    try:
        process.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        kill(process, ("all", "dvc", "stage")[attempt % 3])
    downloading.run("python", "-m", "digits", "setup")  # as `make repro` does
    repro_restores(downloading, lock)
    assert contents(downloading) == before


@pytest.mark.fault("kill -9 while DVC rewrites .dvc/tmp/rwlock")
@pytest.mark.parametrize("left", ["", '{"/home/ann/digits/params.yaml": {"rea'])
def test_a_list_of_readers_and_writers_that_was_cut_off(project, left):
    """Too short a moment for the rounds above to hit it often."""
    lock = project.path("dvc.lock").read_bytes()
    project.path(".dvc/tmp/rwlock").write_text(left)
    assert "Unable to read RWLock-file" in project.run("dvc", "repro", code=255)
    said = project.run("python", "-m", "digits", "setup")
    assert said == "removed .dvc/tmp/rwlock, which a killed dvc had left half written\n"
    repro_restores(project, lock)
    assert project.run("python", "-m", "digits", "setup") == ""


@pytest.mark.fault("kill -9 while DVC rewrites dvc.lock")
@pytest.mark.parametrize("share", [0, 0.03, 0.25, 0.5, 0.75, 0.999])
def test_a_lock_file_that_was_cut_off(project, share):
    """Mended where DVC refuses what is left or a line is cut, else DVC adds what is missing."""
    lock = project.path("dvc.lock").read_bytes()
    left = lock[: round(len(lock) * share)]
    project.path("dvc.lock").write_bytes(left)
    refused = "refused" in project.run("sh", "-c", "dvc status || echo refused")
    refused |= not left.endswith(b"\n")  # a name that is cut, as `hash: md`, DVC may refuse later
    said = project.run("python", "-m", "digits", "setup")
    restored = "restored the committed dvc.lock: a killed dvc had left it half written\n"
    assert said == (restored if refused else "")
    assert project.path("dvc.lock").read_bytes() == (lock if refused else left)
    assert refused or share
    repro_restores(project, lock)


@pytest.mark.fault("kill -9 while DVC rewrites a dvc.lock that was never committed")
def test_a_first_lock_file_that_was_cut_off(project):
    lock = project.path("dvc.lock").read_bytes()
    project.run("git", "rm", "--quiet", "--cached", "dvc.lock")
    project.run("git", "commit", "--quiet", "--message", "without")
    project.path("dvc.lock").write_text("")
    said = project.run("python", "-m", "digits", "setup")
    assert said == "removed dvc.lock, which a killed dvc had left half written\n"
    project.run("dvc", "repro")
    assert project.path("dvc.lock").read_bytes() == lock
