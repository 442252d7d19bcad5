"""The four arrays of MNIST, their form, and the one hash that tells their content."""

import hashlib
import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.errors import SourceError
from digits.form import CLASSES, SIDE


class Dataset(NamedTuple):
    """Images: uint8 (n, 28, 28), 0 paper to 255 ink. Labels: uint8 (n,), 0-9."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def check_form(dataset: Dataset) -> None:
    """Raise SourceError unless the arrays, all uint8, have the form that `Dataset` states."""
    for split, images, labels in (("train", *dataset[:2]), ("test", *dataset[2:])):
        count = labels.size
        if not count or images.shape != (count, SIDE, SIDE) or labels.shape != (count,):
            wanted = f"images (n, {SIDE}, {SIDE}) and labels (n,)"
            raise SourceError(f"{split}: expected {wanted}, got {images.shape} and {labels.shape}")
        if labels.max() >= CLASSES:
            raise SourceError(f"{split}: expected labels 0-{CLASSES - 1}, got {labels.max()}")


def idx_header(array: NDArray[Any]) -> bytes:
    """Return the IDX header of a uint8 array: type and rank, then each size, big-endian."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)


def content_sha256(dataset: Dataset) -> str:
    """Return the SHA-256 (hex) of the four arrays in IDX form, one after the other.

    IDX is the form in which MNIST was published, so the hash does not depend on the source.
    """
    digest = hashlib.sha256()
    for array in dataset:
        digest.update(idx_header(array))
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
