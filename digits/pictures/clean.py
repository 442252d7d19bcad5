"""Tell whether a picture is clean, ink on even paper alone, or a photograph."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.pictures.preparing import BOX, FAINT, NOISE, Floats, ink_box

LOOSE = 0.1  # ink farther from the digit's box than this share of the box is dust
THIN = 1.0
"""Thickness of strokes in the 28 x 28 image, in pixels: twice the area by the perimeter. Thinner
strokes are thickened. 1 % of MNIST's are thinner."""
MARGIN, DARK = 0.03, 200
"""Margin of a digit cut out along its edges, as a share of the longer side, at most; and the median
of its strokes, of 255, at least: that of a shadow is lower."""
RIM, ALONG = 0.12, 0.8  # a frame has ink in the outer 12 % of each of its sides, along 80 % of it
FILLED = 0.5  # the share of its box that a frame's ink fills at most; a thick 1 fills more


def is_clean(strokes: Floats, noise: float, image: NDArray[np.uint8]) -> bool:
    """Tell whether `ink` and `place` suffice, as for MNIST's own digits and drawings on a canvas.

    strokes: from `ink`; noise: of the paper, as a share of the darkest stroke; image: from `place`.
    """
    ring = (strokes[0], strokes[-1], strokes[:, 0], strokes[:, -1])
    if NOISE * noise > FAINT or any(side.any() for side in ring):
        return False
    inked, box = strokes > 0, ink_box(strokes)
    for axis, side in zip((1, 0), box, strict=True):
        lines = np.flatnonzero(inked.any(axis=axis))
        outside = max(side.start - lines[0], lines[-1] + 1 - side.stop)
        if outside > 1 + LOOSE * (side.stop - side.start) or len(lines) <= lines[-1] - lines[0]:
            return False
    return _thickness(image) >= THIN and not is_framed(inked[box])


def is_cut_out(strokes: Floats) -> bool:
    """Tell whether ink is a digit cut out along its edges, of which it reaches three."""
    dark, long = strokes > 127, max(strokes.shape)
    sides = (dark, dark[::-1], dark.T, dark.T[::-1])
    gaps = np.array([np.flatnonzero(side.any(axis=1))[0] for side in sides])
    is_thick = _thickness(strokes) >= THIN / BOX * long
    is_dark = float(np.median(strokes[dark])) >= DARK
    return is_thick and is_dark and bool((gaps <= MARGIN * long).sum() >= 3)


def _thickness(image: NDArray[Any]) -> float:
    inked = (image > 127).astype(np.int8)
    edges = sum(int(np.abs(np.diff(inked, axis=axis)).sum()) for axis in (0, 1))
    return 2 * float(inked.sum()) / max(edges, 1)


def is_framed(inked: NDArray[np.bool_]) -> bool:
    """Tell whether ink runs along all four sides of its box and leaves most of the box empty."""
    if inked.mean() > FILLED:
        return False
    for part in (inked, inked.T):
        rim = max(1, int(RIM * len(part)))
        if min(part[:rim].any(axis=0).mean(), part[-rim:].any(axis=0).mean()) < ALONG:
            return False
    return True
