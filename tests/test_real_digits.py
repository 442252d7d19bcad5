"""MNIST's own test digits as pictures, where the pipeline has been run."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.inference.network import load
from digits.params import read_params
from digits.params.models import Models

COUNT = 1000
MODELS = read_params(Models).root
BUILT = [Path("data/raw/test_images.npy"), *(Path(f"models/{name}.keras") for name in MODELS)]

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


@pytest.fixture(scope="module")
def digits():
    """1,000 of the test digits and their labels."""
    images, labels = (np.load(f"data/raw/test_{part}.npy") for part in ("images", "labels"))
    chosen = np.random.default_rng(0).choice(len(images), COUNT, replace=False)
    return images[chosen], labels[chosen]


@pytest.fixture(scope="module")
def accuracy(digits):
    """Each model's accuracy on these digits as they are in MNIST."""
    images, labels = digits
    pixels = images.reshape(COUNT, -1) / np.float32(255)
    networks = {name: load(f"models/{name}.keras") for name in MODELS}
    return {
        name: np.mean(network.logits(pixels).argmax(axis=1) == labels)
        for name, network in networks.items()
    }


@pytest.mark.parametrize("size", [28, 56, pytest.param(200, marks=pytest.mark.slow)])
def test_as_pictures_they_are_told_as_well(digits, accuracy, size, tmp_path):
    random = np.random.default_rng(size)
    for index, image in enumerate(digits[0]):
        export(image, size, random, tmp_path / f"{index:04}.png")
    done = subprocess.run(
        [sys.executable, "-m", "digits", "predict", tmp_path, "--json", "--model", "all"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")  # none is taken for blank or several
    rows = json.loads(done.stdout)
    assert np.mean([bool(row["doubts"]) for row in rows]) < 0.06  # 3 % of right answers, and wrong
    for name, as_it_was in accuracy.items():
        answers = [row["digit"] for row in rows if row["model"] == name]
        now = np.mean(np.array(answers) == digits[1])
        print(f"{name}, {size} pixels: {as_it_was:.1%}, as pictures {now:.1%}")
        assert now >= as_it_was - 0.015
