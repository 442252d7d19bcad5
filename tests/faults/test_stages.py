"""Bad parameters, no room, no right, no memory: one message, and what was there is still there."""

import contextlib
import errno
import io
import os
import re
import resource
import tempfile

import pytest

from tests import pipeline
from tests.faults.ending import fails, main_of, repro_restores, state
from tests.pipeline import COMMANDS, outputs


@pytest.fixture(scope="module")
def shared(built, tmp_path_factory):
    """A project for all faults, none of which may change it."""
    return pipeline.copy(built, tmp_path_factory.mktemp("faults") / "project")


def process_fails(project, *command):
    """Run a stage in a process of its own, which must fail; return its one message."""
    before = state(project)
    said = project.run(*command, code=1)
    assert "Traceback" not in said, said
    assert said.count("error: ") == 1, said
    assert state(project) == before
    return said


def test_a_bad_params_yaml_in_a_process_and_dvc_afterwards(project):
    lock = project.path("dvc.lock").read_bytes()
    good = project.path("params.yaml").read_text()
    project.path("params.yaml").write_text("train: &a {seed: *a}\n")
    process_fails(project, *COMMANDS["preprocess"])
    assert "ERROR" in project.run("dvc", "repro", code=255)
    assert project.path("dvc.lock").read_bytes() == lock
    project.path("params.yaml").write_text(good)
    repro_restores(project)


@pytest.mark.parametrize(
    ("name", "value", "stage", "message"),
    [
        ("fetch.seed", -1, "fetch", "fetch.seed: expected greater than or equal to 0, got -1"),
        ("preprocess.validation", 300, "preprocess", "than the 300 training examples, got 300"),
        ("models", ["nowhere"], "evaluate", "models/nowhere.keras"),
        ("robustness.noise", ["x"], "robustness", "robustness.noise.0: expected a valid number"),
    ],
)
def test_a_bad_value_in_a_stage(shared, name, value, stage, message):
    text = shared.path("params.yaml").read_text()
    shared.set(name, value)
    assert message in fails(shared, main_of(stage))
    shared.path("params.yaml").write_text(text)


def says(message, stage, fault):
    """Whether it tells why one of the stage's outputs cannot be written."""
    told = re.search(r"error: (\S+) cannot be written: (.*?)\. (It is as|Free some)", message)
    places = [*outputs(stage), tempfile.gettempdir()]  # where a training first tries its model
    assert any(f"{told[1]}/".startswith(f"{path}/") for path in places), message
    assert told[2] == os.strerror(fault)


@pytest.mark.parametrize(
    "stage", ["fetch", "explore", "preprocess", "train_basic", "evaluate", "robustness", "report"]
)
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
    for stage in ("fetch", "train_basic", "explore"):
        path = project.path(outputs(stage)[0])
        if stage == "fetch":
            path /= "train_images.npy"  # what is written first
        good = path.rename(project.path("good"))
        path.mkdir()
        says(fails(project, main_of(stage)), stage, errno.EISDIR)
        if stage != "explore":
            path.rmdir()
            good.rename(path)
    repro_restores(project)


def test_a_source_that_may_not_be_read(project, tmp_path):
    source = tmp_path / "mine.npz"
    source.write_bytes(b"")
    source.chmod(0)
    project.set("fetch.source", str(source))
    rights = "--bounding-set=-dac_override,-dac_read_search"
    wrapper = ("setpriv", rights) if os.geteuid() == 0 else ()
    assert os.strerror(errno.EACCES) in process_fails(project, *wrapper, *COMMANDS["fetch"])


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
    "stage",
    ["preprocess", *(pytest.param(x, marks=pytest.mark.slow) for x in ("train_basic", "report"))],
)
def test_too_little_memory_once_it_runs(shared, stage):
    """Room for the program, not for the arrays; in a process, with a limit on its addresses."""
    said = process_fails(shared, "python", "-c", SQUEEZED.format(command=COMMANDS[stage]))
    assert said.startswith("error: not enough memory: "), said
