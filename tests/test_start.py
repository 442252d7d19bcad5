"""Only training waits for TensorFlow: no other stage imports it, nor does a command."""

import re

import pytest

from digits.__main__ import COMMANDS
from tests.pipeline import STAGES
from tests.strokes import draw

ARGUMENTS = {
    "predict": ["picture.png", "--show", "seen.png"],
    "compare": ["HEAD"],
    "seeds": ["1"],
    "trial": ["x", "-S", "train.epochs=many"],
    "rebuild": ["explore"],
    "validate": ["--quick"],
}


def imported(project, *module):
    """The packages that a module and what it calls import, run as `python -m` runs it."""
    said = project.run("python", "-X", "importtime", "-m", *module, code=None)
    return set(re.findall(r"^import time:.*\| +(\w+)", said, re.MULTILINE))


@pytest.mark.slow
def test_no_stage_but_training_and_no_command_imports_tensorflow(project):
    draw(3, 60).save(project.path("picture.png"))
    modules = [[f"stages.{stage}"] for stage in STAGES if not stage.startswith("train_")]
    modules += [["digits", name, *ARGUMENTS.get(name, [])] for name in COMMANDS]
    for module in modules:
        packages = imported(project, *module)
        assert "digits" in packages
        assert not packages & {"tensorflow", "keras"}, module
