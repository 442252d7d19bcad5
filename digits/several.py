"""Tell a picture of several digits side by side from one of a single digit."""

import numpy as np

from digits.preparing import Floats, PictureError, span

CLEAR = 0.01
"""Of a column full of ink: what a column may hold and still count as clear between two digits."""
GAP = 0.05
"""Of the height: the clear columns that part two digits."""
PART = (0.15, 0.5)
"""Of the ink, and of the height: what a part must have at least to be a digit of its own."""
WIDE = 2.0
"""Of the height: what is wider is no single digit. The widest of 2,000 of MNIST's is 1.82."""


def check_single(strokes: Floats) -> None:
    """Raise PictureError if ink is that of several digits side by side.

    They are told by clear columns between parts that are both tall and heavy. What passes for one:
    digits that touch or lean over one another (unless very wide), and digits one above the other.
    """
    top, bottom = span(strokes.sum(axis=1))
    left, right = span(strokes.sum(axis=0))
    strokes, height = strokes[top:bottom, left:right], bottom - top
    clear = strokes.sum(axis=0) <= CLEAR * 255 * height
    turns = np.flatnonzero(np.diff(clear.astype(int), prepend=0, append=0))
    for start, stop in zip(turns[::2], turns[1::2], strict=True):
        if stop - start < GAP * height:
            continue
        if _is_part(strokes[:, :start], strokes) and _is_part(strokes[:, stop:], strokes):
            raise PictureError("expected one digit, got several side by side. Cut them apart.")
    if right - left > WIDE * height:
        raise PictureError(
            "expected one digit, got something "
            f"{(right - left) / height:.1f} times as wide as high: several?"
        )


def _is_part(part: Floats, strokes: Floats) -> bool:
    """Tell whether a part of the ink is heavy and tall enough to be a digit of its own."""
    if part.sum() < PART[0] * strokes.sum():
        return False
    top, bottom = span(part.sum(axis=1))
    return bottom - top >= PART[1] * len(strokes)
