"""Limits of the size of images, of the number of classes, and of names."""

from typing import Literal

SMALLEST, LARGEST = 8, 256
"""Limits of the height and the width of an image, in pixels."""
MOST_CLASSES = 1_000
Preparation = Literal["mnist", "resize", "none"]
"""How a picture becomes an image: see `digits.pictures.prepare`."""


def unique(names: list[str]) -> list[str]:
    """Return `names`. Raises ValueError if one occurs twice."""
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return names
