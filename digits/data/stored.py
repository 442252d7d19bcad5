"""Read back the images and labels that stages fetch and preprocess wrote."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.errors import ArtifactError
from digits.files.arrays import read_array
from digits.form import CLASSES, PIXELS, SIDE


class Examples(NamedTuple):
    """Images, float32 (n, pixels), 0-1, and labels, uint8 (n,)."""

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]


def read_raw(split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Memory-map what fetch wrote of a split: images, uint8 (n, 28, 28), and labels, uint8 (n,).

    Raises ArtifactError where they are something else.
    """
    images = read_array(f"data/raw/{split}_images.npy", np.uint8, None, SIDE, SIDE)
    return images, _read_labels(f"data/raw/{split}_labels.npy", len(images), classes=2)


def read_examples(split: str, classes: int = 2) -> Examples:
    """Memory-map what preprocess wrote of a split.

    classes: how many different labels there must be; 0 if there may be no examples either.
    Raises ArtifactError where they are something else.
    """
    images = read_array(f"data/processed/{split}_images.npy", np.float32, None, PIXELS)
    labels = _read_labels(f"data/processed/{split}_labels.npy", len(images), classes)
    return Examples(images, labels)


def _read_labels(path: str, count: int, classes: int) -> NDArray[np.uint8]:
    labels: NDArray[np.uint8] = read_array(path, np.uint8, count)
    found = np.unique(labels)
    if len(found) < classes or (found >= CLASSES).any():
        raise ArtifactError(
            f"{path}: expected labels 0-{CLASSES - 1}, at least {classes} different ones, got "
            f"{', '.join(map(str, found[:20])) or 'none'}. `dvc repro` rebuilds it; if it comes "
            "out the same, raise preprocess.limit in params.yaml."
        )
    return labels
