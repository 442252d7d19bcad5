"""No room, no right, no memory: one message, and what was there is still there."""

import contextlib
import errno
import io
import os
import re
import resource
import tempfile

import pytest

from tests.faults.ending import fails, main_of, process_fails, repro_restores
from tests.pipeline import COMMANDS, outputs

STAGES = ["fetch", "explore", "preprocess", "train_basic", "evaluate", "robustness", "report"]
"""Of the trainings one: they have the same code."""


def says(message, stage, fault):
    """Whether it tells why one of the stage's outputs cannot be written."""
    told = re.search(r"error: (\S+) cannot be written: (.*?)\. (It is as|Free some)", message)
    places = [*outputs(stage), tempfile.gettempdir()]  # where a training first tries its model
    assert any(f"{told[1]}/".startswith(f"{path}/") for path in places), message
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


def test_a_path_that_a_folder_has_taken(project):
    for stage in STAGES:
        path = project.path(outputs(stage)[0])
        if path.is_dir():  # of what is in it, what is written first
            first = ("train_images.npy", "images.npy", "basic.*")
            path = next(found for name in first for found in path.glob(name))
        good = path.rename(project.path("good"))
        path.mkdir()
        says(fails(project, main_of(stage)), stage, errno.EISDIR)
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


@pytest.mark.parametrize(
    "stage", ["preprocess", *(pytest.param(name, marks=pytest.mark.slow) for name in STAGES[3:])]
)
def test_too_little_memory_once_it_runs(shared, stage):
    """Room for the program, not for the arrays; in a process, with a limit on its addresses."""
    said = shared.run("python", "-c", SQUEEZED.format(command=COMMANDS[stage]), code=1)
    assert said.startswith("error: not enough memory: "), said
    assert "Traceback" not in said
