"""Scale images to 0-1 in bounded memory; choose the examples of a split."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.errors import DigitsError
from digits.files.arrays import release

CHUNK = 4096
"""Images scaled at a time: 13 MB of float32."""


def normalize(images: NDArray[np.uint8], rows: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
    """Yield `images[rows] / 255`, flattened, in chunks: float32 (CHUNK or fewer, pixels), 0-1.

    images: uint8 (n, height, width), 0-255. rows: (m,), in any order.
    """
    for start in range(0, len(rows), CHUNK):
        chunk = release(images)[rows[start : start + CHUNK]]
        yield np.divide(chunk.reshape(len(chunk), -1), 255, dtype=np.float32)


def stratified_sample(
    labels: NDArray[Any], count: int, seed: int, least: int = 0
) -> NDArray[np.bool_]:
    """Choose `count` examples at random, of each class in proportion to its size.

    labels: (n,). Returns a mask (n,). The numbers are rounded by largest remainder, to add up to
    `count`. least: so many of each class are chosen at least, and not chosen at least, even if the
    sum is another then. Raises DigitsError if no example is left to train on.
    """
    if count >= len(labels):
        raise DigitsError(
            f"preprocess.validation: expected fewer than the {len(labels):,} training examples, "
            f"got {count:,}. Lower it, or raise preprocess.limit, in params.yaml."
        )
    classes, sizes = np.unique(labels, return_counts=True)
    shares = sizes * count / len(labels)
    quota = np.floor(shares).astype(int)
    quota[np.argsort(quota - shares, kind="stable")[: count - quota.sum()]] += 1
    quota = quota.clip(least, sizes - least)
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    for label, size in zip(classes, quota, strict=True):
        chosen[random.choice(np.flatnonzero(labels == label), size, replace=False)] = True
    return chosen
