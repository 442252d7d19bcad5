"""Describe the data set in numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.info import read_info
from digits.data.loading import read_raw
from digits.files.atomic import write_json
from digits.process import run


def main() -> None:
    info = read_info()
    splits = {name: statistics(*read_raw(name), info.classes) for name in ("train", "test")}
    write_json("metrics/dataset.json", {"title": info.title, **splits})


def statistics(
    images: NDArray[np.uint8], labels: NDArray[Any], classes: Sequence[str]
) -> dict[str, Any]:
    """Return shape, dtype, range of a split, mean and deviation of its pixels, 0-1, and counts."""
    pixels, values = np.histogram(images, 256, (0, 256))[0], np.arange(256) / 255
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


if __name__ == "__main__":
    run(main)
