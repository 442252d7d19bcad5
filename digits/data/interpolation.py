"""Bilinear interpolation between the pixels of an image."""

import numpy as np
from numpy.typing import NDArray


def bilinear(
    y: NDArray[np.float64], x: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the four pixels around each place (y, x) of images of `size`, and their weights.

    y, x: of any shape, in pixels; (0, 0) is the centre of the first. Returns two arrays with the
    four as a further, last axis: the index of a pixel in the flattened image, and its weight, which
    is 0 outside of the image.
    """
    (height, width), weights, pixels = size, [], []
    top, left = np.floor(y), np.floor(x)
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        weights.append(inside * (1 - abs(y - row)) * (1 - abs(x - column)))
        pixels.append(row.clip(0, height - 1) * width + column.clip(0, width - 1))
    return np.stack(pixels, -1).astype(np.int64), np.stack(weights, -1).astype(np.float32)
