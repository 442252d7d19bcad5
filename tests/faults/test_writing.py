"""No room, no right, no memory: one message, and what was there is still there."""

import contextlib
import errno
import io
import os
import re
import resource
import subprocess
import tempfile

import pytest

from tests.faults.ending import fails, main_of, process_fails, repro_restores
from tests.pipeline import COMMANDS, outputs

QUICK = ["fetch", "explore", "preprocess"]
STAGES = [*QUICK, "train_basic", "evaluate", "robustness", "report"]
"""Of the trainings one: they have the same code."""
EACH = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in STAGES[len(QUICK) :])]
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


def says(message, stage, fault, folder=""):
    """Whether it tells why one of the stage's outputs, or a temporary file, cannot be written."""
    if f"error: {tempfile.gettempdir()} cannot be written: {os.strerror(fault)}" in message:
        return
    told = re.search(r"error: (\S+) cannot be written: (.*?)\. It is as", message)
    assert any(f"{told[1]}/".startswith(f"{path}/") for path in outputs(stage)), message
    assert told[1].startswith(folder)
    assert told[2] == os.strerror(fault)


@pytest.mark.parametrize("stage", STAGES)
def test_no_room_for_a_file(shared, stage):
    def limited():
        none, hard = io.StringIO(), resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        with contextlib.redirect_stdout(none), contextlib.redirect_stderr(none):
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
            try:
                main_of(stage)()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    says(fails(shared, limited), stage, errno.EFBIG)


@mounts
@pytest.mark.parametrize("stage", EACH)
def test_a_full_disk(shared, stage, tmp_path):
    path = outputs(stage)[0]
    folder = path.rpartition("/")[0] if "." in path else path
    room = f"cp -r {folder} {tmp_path}/kept && mount -t tmpfs -o size=4m tmpfs {folder}"
    fill = f"cp -r {tmp_path}/kept/. {folder} ; head -c 8m /dev/zero > {folder}/fill 2>&- ; true"
    says(process_fails(shared, stage, *mounted(f"{room} && {fill}")), stage, errno.ENOSPC, folder)


def test_a_path_that_a_folder_has_taken(project):
    for stage in STAGES:
        path = project.path(outputs(stage)[0])
        if path.is_dir():  # of what is in it, what is written first
            first = ("train_images.npy", "images.npy", "basic.*")
            path = next(found for name in first for found in path.glob(name))
        good = path.rename(project.path("good"))
        path.mkdir()
        says(fails(project, main_of(stage)), stage, errno.EISDIR, outputs(stage)[0])
        if stage != STAGES[-1]:
            path.rmdir()
            good.rename(path)
    repro_restores(project)


def test_a_source_that_may_not_be_read(shared, tmp_path):
    source = tmp_path / "mine.npz"
    source.write_bytes(b"")
    source.chmod(0)
    shared.set("fetch.source", str(source))
    rights = "-dac_override,-dac_read_search"
    wrapper = ("setpriv", f"--bounding-set={rights}") if os.geteuid() == 0 else ()
    assert os.strerror(errno.EACCES) in process_fails(shared, "fetch", *wrapper)
    shared.run("git", "restore", "params.yaml")


SQUEEZED = """
import resource, sys
from importlib import import_module
from digits.process import run
from pathlib import Path
_, _, module, *sys.argv[1:] = {command}
main = import_module(module).main
if module == "stages.train":
    import digits.training.train
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100_000, used + 100_000))
run(main)
"""


@pytest.mark.parametrize("stage", EACH[2:])
def test_too_little_memory_once_it_runs(shared, stage):
    """Room for the program, not for the arrays; in a process, with a limit on its addresses."""
    said = shared.run("python", "-c", SQUEEZED.format(command=COMMANDS[stage]), code=1)
    assert said.startswith("error: not enough memory: "), said
    assert "Traceback" not in said
