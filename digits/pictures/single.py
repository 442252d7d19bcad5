"""Check that ink is a single digit, as prepare.js does."""

from typing import Any

import numpy as np

from digits.errors import PictureError
from digits.pictures.prepared import Refusal
from digits.pictures.preparing import Floats, ink_box, span

MIN_SIDE = 5  # pixels of the longer side of a digit, at least, as of the smallest on screens
DOT_FILL = 0.72  # share of its box that a dot fills: a disc 0.785; 16 of MNIST's 70,000 digits
DOT_ROUND = 1.5  # aspect ratio of a dot's box, the longer by the shorter side, at most
MAX_CLEAR_INK = 0.01  # ink in a clear column, as a share of a black column, at most
MIN_GAP = 0.05  # clear columns between two digits, as a share of the ink's height, at least
MIN_INK_SHARE = 0.15  # share of all ink in a part that is a digit of its own, at least
MIN_HEIGHT_SHARE = 0.5  # ... and its height, as a share of the ink's, at least
MAX_WIDTH = 2.0  # width of a digit in heights, at most. The widest of 2,000 of MNIST's has 1.82


def check_single(strokes: Floats, may_be_dot: bool = False) -> None:
    """Raise PictureError if ink, whole numbers (height, width), is no single digit.

    Several digits have clear columns between parts that are tall and heavy. Digits that touch or
    overlap pass as one unless they are very wide; so do digits one above the other.
    """
    dark = np.where(strokes > 127, 1.0, 0.0)
    dark, strokes = dark[ink_box(dark)], strokes[ink_box(strokes)]
    height, width = strokes.shape
    if not may_be_dot and (max(height, width) < MIN_SIDE or is_dot(dark.sum(), *dark.shape)):
        raise PictureError(Refusal.DOT)
    clear = strokes.sum(axis=0) <= MAX_CLEAR_INK * 255 * height
    turns = np.flatnonzero(np.diff(clear.astype(int), prepend=0, append=0))
    for start, stop in zip(turns[::2], turns[1::2], strict=True):
        parts = strokes[:, :start], strokes[:, stop:]
        if stop - start >= MIN_GAP * height and all(is_part(part, strokes) for part in parts):
            raise PictureError(Refusal.SEVERAL)
    if width > MAX_WIDTH * height:
        raise PictureError(Refusal.WIDE)


def is_dot(area: Any, height: Any, width: Any) -> Any:
    """Tell whether ink of these areas in their boxes is round and without a hole."""
    longer, shorter = np.maximum(height, width), np.minimum(height, width)
    return (area >= DOT_FILL * height * width) & (longer <= DOT_ROUND * shorter)


def is_part(part: Floats, strokes: Floats) -> bool:
    """Tell whether a part of the ink is heavy and tall enough to be a digit of its own."""
    if part.sum() < MIN_INK_SHARE * strokes.sum():
        return False
    top, bottom = span(part.sum(axis=1))
    return bottom - top >= MIN_HEIGHT_SHARE * len(strokes)
