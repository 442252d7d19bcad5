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
    """Raise SourceError unless the arrays have the form that `Dataset` states."""
    for name, array in dataset._asdict().items():
        tail = (SIDE, SIDE) if name.endswith("images") else ()
        wanted = f"uint8 (n{''.join(f', {size}' for size in tail)})"
        if array.dtype != np.uint8 or array.ndim == 0 or array.shape[1:] != tail:
            raise SourceError(f"{name}: expected {wanted}, got {array.dtype} {array.shape}")
    for images, labels in (dataset[:2], dataset[2:]):
        if len(images) != len(labels) or len(images) == 0:
            raise SourceError(
                f"expected as many images as labels, got {len(images)} and {len(labels)}"
            )
        if labels.max() >= CLASSES:
            raise SourceError(f"expected labels 0-{CLASSES - 1}, got {labels.max()}")


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
