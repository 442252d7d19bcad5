"""Read back the images and labels that stages fetch and preprocess wrote."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Labels
from digits.data.info import DatasetInfo, read_info
from digits.errors import ArtifactError
from digits.files.arrays import read_array


class Examples(NamedTuple):
    """Images, float32 (n, pixels), 0-1, and labels, (n,)."""

    images: NDArray[np.float32]
    labels: Labels


def read_raw(split: str) -> tuple[NDArray[np.uint8], Labels]:
    """Memory-map what fetch wrote of a split: images, uint8 (n, height, width), and labels, (n,).

    Raises ArtifactError where they are not what the description says.
    """
    data = read_info()
    path = f"data/raw/{split}_images.npy"
    images = read_array(path, np.uint8, None, data.height, data.width)
    return images, _read_labels(f"data/raw/{split}_labels.npy", len(images), 2, data)


def read_examples(split: str, classes: int = 2) -> Examples:
    """Memory-map what preprocess wrote of a split.

    classes: how many different labels there must be; 0 if there may be no examples either.
    Raises ArtifactError where they are something else.
    """
    data = read_info()
    pixels, _ = data.sizes
    images = read_array(f"data/processed/{split}/images.npy", np.float32, None, pixels)
    labels = _read_labels(f"data/processed/{split}/labels.npy", len(images), classes, data)
    return Examples(images, labels)


def _read_labels(path: str, count: int, classes: int, data: DatasetInfo) -> Labels:
    last = len(data.classes) - 1
    labels: Labels = read_array(path, np.min_scalar_type(last).type, count)
    found = np.unique(labels).tolist()
    if len(found) < classes or max(found, default=0) > last:
        raise ArtifactError(
            f"{path}: expected labels 0-{last}, at least {classes} different ones, got "
            f"{', '.join(map(str, found[:20])) or 'none'}. `dvc repro` rebuilds it; if it comes "
            "out the same, raise preprocess.limit in params.yaml."
        )
    return labels
