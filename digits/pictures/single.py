"""Tell a picture of several digits side by side from one of a single digit."""

import numpy as np

from digits.errors import PictureError
from digits.pictures.preparing import Floats, span

MAX_CLEAR_INK = 0.01
"""Ink that a clear column may hold, as a share of a column that is black from top to bottom."""
MIN_GAP = 0.05
"""Clear columns between two digits, as a share of the height of the ink."""
MIN_INK_SHARE = 0.15
"""Share of all ink that a part must hold to be a digit of its own."""
MIN_HEIGHT_SHARE = 0.5
"""Share of the ink's height that a part must have to be a digit of its own."""
MAX_WIDTH = 2.0
"""Width of a single digit in heights. The widest of 2,000 of MNIST's has 1.82."""


def check_single(strokes: Floats) -> None:
    """Raise PictureError if ink is that of several digits side by side.

    They are told by clear columns between parts that are both tall and heavy. What passes for one:
    digits that touch or lean over one another (unless very wide), and digits one above the other.
    """
    top, bottom = span(strokes.sum(axis=1))
    left, right = span(strokes.sum(axis=0))
    strokes, height = strokes[top:bottom, left:right], bottom - top
    clear = strokes.sum(axis=0) <= MAX_CLEAR_INK * 255 * height
    turns = np.flatnonzero(np.diff(clear.astype(int), prepend=0, append=0))
    for start, stop in zip(turns[::2], turns[1::2], strict=True):
        parts = strokes[:, :start], strokes[:, stop:]
        if stop - start >= MIN_GAP * height and all(_is_part(part, strokes) for part in parts):
            raise PictureError("expected one digit, got several side by side. Cut them apart.")
    if (width := (right - left) / height) > MAX_WIDTH:
        what = f"something {width:.1f} times as wide as high"
        raise PictureError(f"expected one digit, got {what}: several?")


def _is_part(part: Floats, strokes: Floats) -> bool:
    """Tell whether a part of the ink is heavy and tall enough to be a digit of its own."""
    if part.sum() < MIN_INK_SHARE * strokes.sum():
        return False
    top, bottom = span(part.sum(axis=1))
    return bottom - top >= MIN_HEIGHT_SHARE * len(strokes)
