"""Tell a clean picture, of ink on even paper alone, from a photograph that needs more steps."""

import numpy as np
from numpy.typing import NDArray

from digits.pictures.preparing import FAINT, NOISE, Floats, span

LOOSE = 0.1
"""Share of the digit's box by which ink may lie outside of it, and be its own edge, not dust."""
THIN = 1.0
"""Pixels: twice the area by the perimeter, counted along pixels' edges, of strokes in the 28 x 28
image that are so thin that they are better drawn anew. 1 % of MNIST's are."""
RIM, ALONG = 0.12, 0.8
"""A frame has ink in the outer 12 % of each of its sides, along 80 % of it."""
FILLED = 0.5
"""Share of its box that a frame's ink fills at most; a thick 1 fills more."""


def is_clean(strokes: Floats, noise: float, image: NDArray[np.uint8]) -> bool:
    """Tell whether `ink` and `place` suffice: for MNIST's own digits, and drawings on a canvas.

    strokes: what `ink` returns; noise: the paper's, as a share of the strongest stroke's darkness;
    image: what `place` makes of the strokes.
    """
    ring = (strokes[0], strokes[-1], strokes[:, 0], strokes[:, -1])
    if NOISE * noise > FAINT or any(side.any() for side in ring):
        return False
    inked = strokes > 0
    box = []
    for axis in (1, 0):
        start, stop = span(strokes.sum(axis=axis))
        lines = np.flatnonzero(inked.any(axis=axis))
        outside = max(start - lines[0], lines[-1] + 1 - stop)
        if outside > 1 + LOOSE * (stop - start) or len(lines) <= lines[-1] - lines[0]:
            return False
        box.append(slice(start, stop))
    return _thickness(image) >= THIN and not _is_framed(inked[tuple(box)])


def _thickness(image: NDArray[np.uint8]) -> float:
    inked = (image > 127).astype(np.int8)
    edges = sum(int(np.abs(np.diff(inked, axis=axis)).sum()) for axis in (0, 1))
    return 2 * float(inked.sum()) / max(edges, 1)


def _is_framed(inked: NDArray[np.bool_]) -> bool:
    """Tell whether ink runs along all four sides of its box and leaves most of the box empty."""
    if inked.mean() > FILLED:
        return False
    for part in (inked, inked.T):
        rim = max(1, int(RIM * len(part)))
        if min(part[:rim].any(axis=0).mean(), part[-rim:].any(axis=0).mean()) < ALONG:
            return False
    return True
