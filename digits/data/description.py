"""Describe the dataset: what is in it, in numbers."""

from typing import Any

import numpy as np

from digits.data.dataset import Dataset
from digits.form import CLASSES

CHUNK = 1024
"""Images counted at a time: bincount makes eight bytes of each pixel's one."""


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return, for train and test: shape, dtype, range, pixel mean and deviation, class counts.

    Mean and standard deviation are of all pixels, on the scale 0-1 that the models see.
    """
    return {
        "train": _describe_split(dataset.train_images, dataset.train_labels),
        "test": _describe_split(dataset.test_images, dataset.test_labels),
    }


def _describe_split(images: Any, labels: Any) -> dict[str, Any]:
    pixels = np.zeros(256, np.int64)
    for start in range(0, len(images), CHUNK):
        pixels += np.bincount(images[start : start + CHUNK].ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = float(pixels @ values / images.size)
    variance = float(pixels @ (values - mean) ** 2 / images.size)
    return {
        "shape": list(images.shape),
        "dtype": str(images.dtype),
        "min": int(pixels.nonzero()[0][0]),
        "max": int(pixels.nonzero()[0][-1]),
        "mean": round(mean, 6),
        "deviation": round(variance**0.5, 6),
        "examples": {
            str(digit): int(count)
            for digit, count in enumerate(np.bincount(labels, minlength=CLASSES))
        },
    }
