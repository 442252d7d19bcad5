"""Read the images and labels that stages fetch and preprocess wrote."""

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
    """Memory-map a split as fetch wrote it: images, uint8 (n, height, width), and labels, (n,).

    Raises ArtifactError unless they fit the description of the data set.
    """
    info = read_info()
    images = read_array(f"data/raw/{split}_images.npy", np.uint8, None, *info.shape)
    return images, _read_labels(f"data/raw/{split}_labels.npy", split, len(images), info)


def read_examples(split: str) -> Examples:
    """Memory-map a split as preprocess wrote it. Raises ArtifactError as `read_raw`."""
    info, folder = read_info(), f"data/processed/{split}"
    images = read_array(f"{folder}/images.npy", np.float32, None, info.sizes[0])
    return Examples(images, _read_labels(f"{folder}/labels.npy", split, len(images), info))


def _read_labels(path: str, split: str, count: int, info: DatasetInfo) -> Labels:
    last, least = len(info.classes) - 1, {"train": 2, "validation": 0, "test": 1}[split]
    labels: Labels = read_array(path, np.min_scalar_type(last).type, count)
    got = np.unique(labels).tolist()
    if len(got) < least or max(got, default=0) > last:
        raise ArtifactError(
            f"{path}: expected labels 0-{last}, at least {least} different, got "
            f"{', '.join(map(str, got[:20])) or 'none'}. `dvc repro` rebuilds it; if it comes out "
            "the same, raise preprocess.limit in params.yaml."
        )
    return labels
