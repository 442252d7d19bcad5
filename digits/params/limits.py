"""What form the data may have."""

from typing import Literal

SMALLEST, LARGEST = 8, 256
"""Pixels that an image may be high and wide."""
MOST_CLASSES = 1_000
Preparation = Literal["mnist", "resize", "none"]
"""How a picture becomes an image: see `digits.pictures.prepare`."""
