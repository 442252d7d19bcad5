"""Tell ink that is a single digit from a dot and from several digits; prepare.js does the same."""

import numpy as np

from digits.errors import PictureError
from digits.pictures.preparing import Floats, span
from digits.pictures.refusals import Refusal

MIN_SIDE = 5
"""Pixels of the longer side from which ink can be a digit: the smallest letters on screens have."""
DOT_FILL = 0.72
"""Share of its box that a dot fills: a disc 0.785. Of 70,000 of MNIST's digits 16 fill so much."""
DOT_ROUND = 1.5
"""Sides of a dot's box, the longer by the shorter, at most."""
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
    """Raise PictureError if ink, whole numbers (height, width), is that of no single digit.

    Several side by side are told by clear columns between parts that are both tall and heavy. What
    passes for one: digits that touch or lean over one another (unless very wide), and digits one
    above the other.
    """
    top, bottom = span(strokes.sum(axis=1))
    left, right = span(strokes.sum(axis=0))
    height, width = bottom - top, right - left
    if max(height, width) < MIN_SIDE or _is_dot(strokes):
        raise PictureError(Refusal.DOT)
    strokes = strokes[top:bottom, left:right]
    clear = strokes.sum(axis=0) <= MAX_CLEAR_INK * 255 * height
    turns = np.flatnonzero(np.diff(clear.astype(int), prepend=0, append=0))
    for start, stop in zip(turns[::2], turns[1::2], strict=True):
        parts = strokes[:, :start], strokes[:, stop:]
        if stop - start >= MIN_GAP * height and all(_is_part(part, strokes) for part in parts):
            raise PictureError(Refusal.SEVERAL)
    if width > MAX_WIDTH * height:
        raise PictureError(Refusal.WIDE)


def _is_dot(strokes: Floats) -> bool:
    """Tell whether the darker half of the ink is round and without a hole."""
    dark = np.where(strokes > 127, 1.0, 0.0)
    (top, bottom), (left, right) = span(dark.sum(axis=1)), span(dark.sum(axis=0))
    return is_dot(int(dark[top:bottom, left:right].sum()), bottom - top, right - left)


def is_dot(area: int, height: int, width: int) -> bool:
    """Tell whether a mark of this area in its box is round and without a hole."""
    longer, shorter = max(height, width), min(height, width)
    return area >= DOT_FILL * height * width and longer <= DOT_ROUND * shorter


def _is_part(part: Floats, strokes: Floats) -> bool:
    """Tell whether a part of the ink is heavy and tall enough to be a digit of its own."""
    if part.sum() < MIN_INK_SHARE * strokes.sum():
        return False
    top, bottom = span(part.sum(axis=1))
    return bottom - top >= MIN_HEIGHT_SHARE * len(strokes)
