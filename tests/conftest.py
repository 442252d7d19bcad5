"""Synthetic digits: small, seeded, ten classes that a model can learn."""

import os
import shutil

import numpy as np
import pytest
from filelock import FileLock

from digits.data.dataset import Dataset, content_sha256
from digits.data.info import DatasetInfo
from digits.data.loading import Examples
from digits.datasets.catalogue import MNIST
from digits.files.arrays import read_array, write_array
from tests import browser, pipeline


def make_images(count, seed, ink=200, classes=10):
    """`count` noisy copies of a fixed pattern a class: uint8 (count, 28, 28), and their labels.

    ink: how much lighter the strokes are; the rest, up to 255, is noise.
    """
    small = np.random.default_rng(0).integers(0, 2, (classes, 7, 7))
    patterns = small.repeat(4, 1).repeat(4, 2) * ink
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % classes).astype(np.uint8)
    random.shuffle(labels)
    noise = random.integers(0, 256 - ink, (count, 28, 28))
    return (patterns[labels] + noise).astype(np.uint8), labels


def info_of(dataset):
    """The description of a data set, as if it were MNIST."""
    train, _, test, _ = dataset
    sizes = {"height": train.shape[1], "width": train.shape[2], "train": len(train)}
    sizes |= {"test": len(test), "sha256": content_sha256(dataset)}
    return DatasetInfo(**MNIST.card.model_dump(), **sizes)


@pytest.fixture(scope="session")
def dataset():
    """300 training and 100 test digits."""
    return Dataset(*make_images(300, seed=1), *make_images(100, seed=2))


@pytest.fixture(scope="session")
def examples(dataset, tmp_path_factory):
    """Write the 300 training digits as preprocess does; return them memory-mapped."""
    folder = tmp_path_factory.mktemp("examples")
    images, labels = f"{folder}/train_images.npy", f"{folder}/train_labels.npy"
    write_array(images, dataset.train_images.reshape(-1, 784) / np.float32(255))
    write_array(labels, dataset.train_labels)
    return Examples(read_array(images, np.float32, None, 784), read_array(labels, np.uint8, None))


@pytest.fixture(scope="session")
def built(tmp_path_factory, dataset):
    """A project in which everything has been built and committed: to copy, not to change.

    It is built once, though xdist's workers all ask. Beside it watched.json says what each stage
    opened (tests/watched.py).
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a build that failed
            project = pipeline.make(folder / "project", dataset)
            (folder / "watched.json").write_text(project.stages())
            project.run("dvc", "commit", "--quiet", "--force")
            project.commit("results")
            (folder / "done").touch()
    return pipeline.Project(folder / "project")


@pytest.fixture
def project(built, tmp_path):
    """A copy of `built`, its cache included, for one test."""
    return pipeline.copy(built, tmp_path / "project")


@pytest.fixture
def eager():
    """Compile no step: that takes seconds for each model."""
    from digits.backend import tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def chromium():
    with browser.browser() as chromium:
        yield chromium
