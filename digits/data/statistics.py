"""Statistics of a data set."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 1024
"""Images counted at a time: bincount needs eight bytes a pixel."""


def statistics(
    images: NDArray[np.uint8], labels: NDArray[Any], classes: Sequence[str]
) -> dict[str, Any]:
    """Return shape, dtype, range, pixel mean and deviation of a split, and counts of its classes.

    Mean and standard deviation are those of all pixels, scaled to 0-1.
    """
    pixels = np.zeros(256, np.int64)
    for start in range(0, len(images), CHUNK):
        pixels += np.bincount(images[start : start + CHUNK].ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = float(pixels @ values / images.size)
    variance = float(pixels @ (values - mean) ** 2 / images.size)
    counts = np.bincount(labels, minlength=len(classes))
    return {
        "shape": list(images.shape),
        "dtype": str(images.dtype),
        "min": int(pixels.nonzero()[0][0]),
        "max": int(pixels.nonzero()[0][-1]),
        "mean": round(mean, 6),
        "deviation": round(variance**0.5, 6),
        "examples": dict(zip(classes, counts.tolist(), strict=True)),
    }
