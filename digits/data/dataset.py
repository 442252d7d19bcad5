"""The four arrays of a data set, and the hash of their content."""

import hashlib
import struct
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.errors import SourceError
from digits.params.stages import LARGEST, MOST_CLASSES, SMALLEST

Labels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""uint8 for up to 256 classes, uint16 for more."""


class Dataset(NamedTuple):
    """Images: uint8 (n, height, width), 0 paper to 255 ink, or (n, height, width, 3) in colour.

    Labels: (n,), from 0.
    """

    train_images: NDArray[np.uint8]
    train_labels: Labels
    test_images: NDArray[np.uint8]
    test_labels: Labels


def check_dataset(dataset: Dataset) -> None:
    """Raise SourceError unless the arrays have the shapes and values that `Dataset` states."""
    size = dataset.train_images.shape[1:]
    fits = len(size) >= 2 and all(SMALLEST <= pixels <= LARGEST for pixels in size[:2])
    if not fits or size[2:] not in ((), (3,)):
        wanted = f"images (n, height, width), or with 3 colours, of {SMALLEST} to {LARGEST} pixels"
        raise SourceError(f"train: expected {wanted}, got {dataset.train_images.shape}")
    for split, images, labels in (("train", *dataset[:2]), ("test", *dataset[2:])):
        count = labels.size
        if not count or images.shape != (count, *size) or labels.shape != (count,):
            wanted = f"images (n, {', '.join(map(str, size))}) and labels (n,)"
            raise SourceError(f"{split}: expected {wanted}, got {images.shape} and {labels.shape}")
    highest = max(int(dataset.train_labels.max()), int(dataset.test_labels.max()))
    if not 1 <= highest < MOST_CLASSES:
        wanted = f"labels from 0, of 2 to {MOST_CLASSES:,} classes"
        raise SourceError(f"expected {wanted}, got {highest} for the highest")


def idx_header(array: NDArray[Any]) -> bytes:
    """Return the IDX header of a uint8 array: type and rank, then each size, big-endian."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)


def content_sha256(dataset: Dataset) -> str:
    """Return the SHA-256 (hex) of the four arrays in IDX form, in which MNIST was published."""
    digest = hashlib.sha256()
    for array in dataset:
        digest.update(idx_header(array))
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
