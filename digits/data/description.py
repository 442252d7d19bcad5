"""Describe the dataset: what is in it, in numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.form import CLASSES

CHUNK = 1024
"""Images counted at a time: bincount makes eight bytes of each pixel's one."""


def describe(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, Any]:
    """Return of a split: shape, dtype, range, pixel mean and deviation, class counts.

    Mean and standard deviation are of all pixels, on the scale 0-1 that the models see.
    """
    pixels = np.zeros(256, np.int64)
    for start in range(0, len(images), CHUNK):
        pixels += np.bincount(images[start : start + CHUNK].ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = float(pixels @ values / images.size)
    variance = float(pixels @ (values - mean) ** 2 / images.size)
    counts = np.bincount(labels, minlength=CLASSES)
    return {
        "shape": list(images.shape),
        "dtype": str(images.dtype),
        "min": int(pixels.nonzero()[0][0]),
        "max": int(pixels.nonzero()[0][-1]),
        "mean": round(mean, 6),
        "deviation": round(variance**0.5, 6),
        "examples": {str(digit): count for digit, count in enumerate(counts.tolist())},
    }
