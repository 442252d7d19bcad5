"""No room, no right, no memory: one message, and what was there is still there."""

import errno
import os
import re
import resource
import subprocess

import pytest

from tests import pipeline
from tests.faults.ending import process_fails, repro_restores
from tests.test_map import MAP, MODELS, outputs

SLOW = pytest.mark.slow
STAGES = [*pipeline.STAGES[:3], *(pytest.param(name, marks=SLOW) for name in pipeline.STAGES[3:])]
"""The first three are quick."""
FIRST = {stage: next(outputs(MAP[stage]))[1] for stage in MAP}
"""The first output of each that dvc.yaml names."""
NAMESPACE = subprocess.run(
    ["unshare", "--mount", "--map-root-user", "true"], capture_output=True
).returncode
mounts = pytest.mark.skipif(bool(NAMESPACE), reason="no mount namespaces here")


def mounted(command):
    """Run what follows in a mount namespace of its own, after `command`."""
    return (
        *("unshare", "--mount", "--map-root-user", "sh", "-c"),
        f'{command} && cd . && exec "$@"',
        "sh",
    )


def folder_of(stage):
    """The folder of its first output, or that output, where it is one."""
    path = FIRST[stage]
    return path.rpartition("/")[0] if "." in path else path


def says(message, stage, fault, folder=""):
    """Whether it tells why one of the stage's outputs cannot be written."""
    told = re.search(r"error: (\S+) cannot be written: (.*?)\. It is as", message)
    paths = [path for _, path, _ in outputs(MAP[stage])]
    assert any(told[1] == path or told[1].startswith(f"{path}/") for path in paths), message
    assert told[1].startswith(folder)
    assert told[2] == os.strerror(fault)


@pytest.mark.fault("writing: a file-size limit")
@pytest.mark.parametrize("stage", STAGES)
def test_no_room_for_a_file(project, stage):
    lock = project.path("dvc.lock").read_bytes()
    message = process_fails(
        project,
        stage,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)),
    )
    says(message, stage, errno.EFBIG)
    repro_restores(project, lock)


@mounts
@pytest.mark.fault("writing: a full disk")
@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk(project, stage):
    folder = folder_of(stage)
    room = f"cp -r {folder} ../kept && mount -t tmpfs -o size=4m tmpfs {folder}"
    fill = f"cp -r ../kept/. {folder} ; head -c 8m /dev/zero > {folder}/fill 2>&- ; true"
    message = process_fails(project, stage, *mounted(f"{room} && {fill}"))
    says(message, stage, errno.ENOSPC, folder)


@mounts
@pytest.mark.slow
@pytest.mark.fault("writing: no room for temporary files")
@pytest.mark.parametrize("stage", STAGES)
def test_no_room_for_temporary_files(project, stage):
    """Either the stage needs none, or it says what it could not do."""
    lock = project.path("dvc.lock").read_bytes()
    full = (
        "mkdir full && mount -t tmpfs -o size=4k tmpfs full && echo > full/fill; export TMPDIR=full"
    )
    done = subprocess.run(
        [*mounted(full), "python", "-m", f"stages.{stage}"],
        cwd=project.folder,
        env=pipeline.ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1, done.stderr
        assert os.strerror(errno.ENOSPC) in done.stderr
    else:
        assert done.stderr == ""
    repro_restores(project, lock)


@mounts
@pytest.mark.fault("writing: a read-only folder")
@pytest.mark.parametrize("stage", STAGES)
def test_a_read_only_folder(project, stage):
    folder = folder_of(stage)
    command = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    message = process_fails(project, stage, *mounted(command))
    says(message, stage, errno.EROFS, folder)


@pytest.mark.fault("writing: a path that a folder has taken")
@pytest.mark.parametrize("stage", STAGES)
def test_a_path_that_a_folder_has_taken(project, stage):
    lock = project.path("dvc.lock").read_bytes()
    path = project.path(FIRST[stage])
    if path.is_dir():  # of what is in it, what is written first
        (path,) = path.glob(f"{MODELS[0]}.*")
    path.unlink()
    path.mkdir()
    says(process_fails(project, stage), stage, errno.EISDIR, FIRST[stage])
    repro_restores(project, lock)


@pytest.mark.fault("writing: a folder that a file has taken")
def test_a_folder_that_a_file_has_taken(project):
    for path in project.path("data/raw").iterdir():
        path.unlink()
    project.path("data/raw").rmdir()
    project.path("data/raw").touch()
    assert "data/raw/train_images.npy cannot be written" in process_fails(project, "fetch")


@pytest.mark.fault("writing: no right to read the source")
def test_a_source_that_may_not_be_read(project):
    lock = project.path("dvc.lock").read_bytes()
    source = project.folder / "mine.npz"
    source.write_bytes(b"")
    source.chmod(0)
    good = project.path("params.yaml").read_text()
    project.set("fetch.source", str(source))
    rights = "-dac_override,-dac_read_search"
    wrapper = ("setpriv", f"--bounding-set={rights}") if os.geteuid() == 0 else ()
    assert os.strerror(errno.EACCES) in process_fails(project, "fetch", *wrapper)
    project.path("params.yaml").write_text(good)
    repro_restores(project, lock)


SQUEEZED = """
import resource, stages.{stage} as stage{more}
from digits.process import run
from pathlib import Path
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {room}, used + {room}))
run(stage.main)
"""


@pytest.mark.fault("memory: too little in a stage")
@pytest.mark.parametrize("stage", STAGES[2:])
def test_too_little_memory_once_it_runs(project, stage):
    """Room for the program, not for the arrays; in a process, with a limit on its addresses."""
    lock = project.path("dvc.lock").read_bytes()
    more = ", digits.training.train" if "train" in stage else ""
    done = subprocess.run(
        ["python", "-c", SQUEEZED.format(stage=stage, more=more, room=100_000)],
        cwd=project.folder,
        env=pipeline.ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("error: not enough memory: "), done.stderr
    assert "Traceback" not in done.stderr
    repro_restores(project, lock)


@pytest.mark.slow
@pytest.mark.fault("memory: too little to start, under any limit", tried=12)
def test_whatever_the_limit_nothing_is_left_half_done(project):
    """Below what the libraries need to be loaded they end as they will: with an exit code."""
    lock = project.path("dvc.lock").read_bytes()
    failed = 0
    for stage, limits in {
        "preprocess": (50, 100, 150, 200, 250, 300),
        f"train_{MODELS[0]}": (400, 800, 1600, 2000, 2400, 3000),
    }.items():
        for megabytes in limits:
            before = project.hashes()
            done = subprocess.run(
                ["sh", "-c", f"ulimit -v {megabytes * 1024}; exec python -m stages.{stage}"],
                cwd=project.folder,
                env=pipeline.ENVIRONMENT,
                capture_output=True,
            )
            failed += done.returncode != 0
            assert project.hashes() == before
            assert list(project.folder.glob("[dm]*/**/.*.tmp")) == []
            assert project.run("dvc", "status").count("up to date") == 1
    assert failed >= 6
    repro_restores(project, lock)
