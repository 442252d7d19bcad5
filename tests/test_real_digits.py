"""MNIST's own test digits as pictures, where the pipeline has been run."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from digits.inference.network import load
from tests.pipeline import BUILT, MODELS

COUNT = 400
REFUSED = (1940, 6558, 6785, 7735, 8020, 8097)
"""The test digits, of 10,000, that are refused at some size: in two parts, very wide, or a blot."""

pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in BUILT), reason="nothing is built: run `dvc repro` first"
)


def export(image, size, random, path):
    """Save a digit as a user would have it: dark on light, any margins."""
    picture = Image.fromarray(255 - image).resize((size, size), Image.Resampling.BICUBIC)
    left, right, top, bottom = (int(margin) for margin in random.integers(0, size // 2 + 1, 4))
    page = Image.new("L", (left + size + right, top + size + bottom), 255)
    page.paste(picture, (left, top))
    page.save(path)


@pytest.mark.parametrize("size", [28, 56, pytest.param(200, marks=pytest.mark.slow)])
def test_pictures_of_digits_are_answered_as_well_as_the_digits(size, tmp_path):
    random = np.random.default_rng(size)
    images, labels = (np.load(f"data/raw/test_{part}.npy") for part in ("images", "labels"))
    usable = np.delete(np.arange(len(images)), REFUSED)
    chosen = random.choice(usable, COUNT, replace=False)
    for index, image in enumerate(images[chosen]):
        export(image, size, random, tmp_path / f"{index:04}.png")
    done = subprocess.run(
        [sys.executable, "-m", "digits", "predict", tmp_path, "--json", "--model", "all"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")  # none is taken for blank or several
    rows = json.loads(done.stdout)
    # 5 % of right answers, wide ones, and wrong ones
    assert np.mean([bool(row["doubts"]) for row in rows]) < 0.12
    pixels = images[chosen].reshape(COUNT, -1) / np.float32(255)
    for name in MODELS:
        direct = load(f"models/{name}.keras", 784, 10).logits(pixels).argmax(axis=1)
        answers = [row["digit"] for row in rows if row["model"] == name]
        assert np.mean(answers == labels[chosen]) >= np.mean(direct == labels[chosen]) - 0.015
