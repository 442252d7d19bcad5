"""Prepare a picture of one digit as MNIST's own were made; the page's prepare.js does the same.

MNIST's digits were "size normalized to fit in a 20x20 pixel box while preserving their aspect
ratio", grey "as a result of the anti-aliasing technique", and "centered in a 28x28 image by
computing the center of mass of the pixels" (yann.lecun.com/exdb/mnist; LeCun, Bottou, Bengio and
Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, section III.A).
Seen in the first 10,000 training images: the longer side is 20 in 9,998, each lies on whole
pixels, and the mean row and column, counted from 0, are within half a pixel of 14, not of 13.5.
Half a pixel off costs the basic model about 2 points of accuracy, the hidden one 1.

Every step is plain arithmetic in float64. What is compared with a threshold or rounded to place the
digit is made of medians, single pixels and sums of whole numbers, so that both languages agree.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.errors import PictureError
from digits.pictures.refusals import Refusal

SIDE = 28
BOX = 20
CENTRE = 14.5
"""The middle of pixel 14, as a distance from the edge."""

FAINT = 0.15
"""Share of the strongest stroke: fainter is paper. At 0.25, 99.85 % of MNIST's boxes stay 20."""
NOISE = 4.0
"""Standard deviations of the paper's noise: what is fainter is paper."""
CONTRAST = 20.0
"""Grey levels that the strongest stroke must differ from the paper, or there is none."""
STRAY = 0.005
"""Share of all ink that may be left out at each side of the box: dust does not stretch it."""

Floats = NDArray[np.float64]


def ink(grey: NDArray[Any]) -> Floats:
    """Tell ink from paper: whole numbers (height, width), 0 paper to 255 the strongest stroke.

    grey: uint8 or float (height, width), 0-255, of any size, dark on light or light on dark.
    Greys between them are kept, for they are strokes' edges. Raises PictureError if all is paper.
    """
    return inked(*against_paper(grey))


def against_paper(grey: NDArray[Any]) -> tuple[Floats, float]:
    """Return how much darker than the paper each pixel is, or lighter; and the paper's noise."""
    grey = np.asarray(grey, np.float64)
    darker = _paper(grey) - grey
    border = np.concatenate([darker[0], darker[-1], darker[:, 0], darker[:, -1]])
    noise = 1.4826 * _median(np.abs(border))  # a standard deviation, if it is Gaussian
    if (darker * np.abs(darker)).sum() < 0:  # it is light on dark
        darker = -darker
    return darker, noise


def inked(darker: Floats, noise: float) -> Floats:
    """Keep what the paper's noise cannot be, as `ink` does. Raises PictureError."""
    strongest = darker.max()
    least = max(CONTRAST, 2 * NOISE * noise)
    if strongest < least:
        raise PictureError(Refusal.BLANK)
    levels = np.floor(darker / strongest * 255 + 0.5)
    return np.where(darker < max(FAINT * strongest, NOISE * noise), 0, levels)


def place(strokes: Floats) -> NDArray[np.uint8]:
    """Scale ink to fit the box and move its centre of mass to that of MNIST: uint8 (28, 28)."""
    profiles = strokes.sum(axis=1), strokes.sum(axis=0)
    spans = [span(profile) for profile in profiles]
    scale = BOX / max(stop - start for start, stop in spans)
    rows, columns = (
        _resampling(profile, *ends, scale) for profile, ends in zip(profiles, spans, strict=True)
    )
    return np.floor(rows @ strokes @ columns.T + 0.5).clip(0, 255).astype(np.uint8)


def span(profile: Floats) -> tuple[int, int]:
    """Return start and stop of the ink in a profile, but for what may be stray at either end."""
    before = np.cumsum(profile)
    after = before[-1] - before + profile
    inside = np.flatnonzero((before > STRAY * before[-1]) & (after > STRAY * before[-1]))
    return int(inside[0]), int(inside[-1]) + 1


def _median(values: Floats) -> float:
    """Return what np.median does of these few values, in a third of its time."""
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


def _paper(grey: Floats) -> Floats:
    """Estimate the background: a plane through the medians of the four sides.

    A side that differs from the one opposite by more than half the picture's range is no paper.
    """
    sides = [_median(side) for side in (grey[0], grey[-1], grey[:, 0], grey[:, -1])]
    top, bottom, left, right = sides
    most = (grey.max() - grey.min()) / 2
    down = bottom - top if abs(bottom - top) <= most else 0.0
    across = right - left if abs(right - left) <= most else 0.0
    y, x = ((np.arange(size) + 0.5) / size - 0.5 for size in grey.shape)
    plane: Floats = (_median(np.array(sides)) + down * y)[:, None] + (across * x)[None, :]
    return plane


def _resampling(profile: Floats, start: int, stop: int, scale: float) -> Floats:
    """Weigh the pixels of one axis for each of the 28: (28, len(profile)), exact area averaging.

    A pixel of the result is a stretch of 1 / scale pixels of the picture; each of these counts by
    the part of it that the stretch covers.
    """
    kept = profile[start:stop]
    mass = (kept * (np.arange(start, stop) + 0.5)).sum() / kept.sum()
    offset = np.floor(CENTRE - (mass - start) * scale + 0.5)
    offset = max(0.0, min(offset, SIDE - (stop - start) * scale))
    edges = np.clip((np.arange(SIDE + 1) - offset) / scale + start, start, stop)
    pixels = np.arange(len(profile))
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: Floats = np.maximum(covered, 0) * scale
    return weights
