"""Only training waits for TensorFlow: no other stage imports it, nor does `digits predict`."""

import re

import pytest

from tests.strokes import draw

MODULES = ["stages.evaluate", "stages.robustness", "stages.report", "digits predict picture.png"]


@pytest.mark.slow
def test_what_answers_with_models_does_not_import_tensorflow(project):
    draw(3, 60).save(project.path("picture.png"))
    for module in MODULES:
        said = project.run("python", "-X", "importtime", "-m", *module.split())
        packages = set(re.findall(r"^import time:.*\| +(\w+)", said, re.MULTILINE))
        assert "digits" in packages
        assert not packages & {"tensorflow", "keras"}, module
