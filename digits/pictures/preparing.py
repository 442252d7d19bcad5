"""Prepare a picture of one digit as MNIST's own were made; the page's prepare.js does the same.

MNIST's digits were "size normalized to fit in a 20x20 pixel box while preserving their aspect
ratio", grey "as a result of the anti-aliasing technique", and "centered in a 28x28 image by
computing the center of mass of the pixels" (yann.lecun.com/exdb/mnist; LeCun, Bottou, Bengio and
Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, section III.A).
In the first 10,000 training images the longer side is 20 in 9,998, and the mean row and column,
counted from 0, are within half a pixel of 14, not of 13.5. An error of half a pixel costs the basic
model about 2 points of accuracy, the hidden one 1.

All arithmetic is float64. Values that are rounded or compared with a threshold are made of medians,
single pixels and sums of whole numbers, so that both languages agree.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.errors import PictureError
from digits.pictures.prepared import Refusal

SIDE = 28
BOX = 20
CENTRE = 14.5  # the middle of pixel 14, as a distance from the edge

FAINT = 0.15  # share of the strongest stroke below which a pixel is paper
NOISE = 4.0  # standard deviations of the paper's noise below which a pixel is paper
CONTRAST = 20.0  # grey levels between the strongest stroke and the paper, at least
STRAY = 0.005  # share of all ink outside of each side of the box, so that dust does not stretch it

Floats = NDArray[np.float64]


def ink(grey: NDArray[Any]) -> tuple[Floats, float]:
    """Return strokes, and the paper's noise as a share of the darkest stroke.

    grey: uint8 or float (height, width), 0-255, of any size, dark on light or light on dark;
    strokes: whole numbers (height, width), from 0 for paper to 255 for the darkest.
    Raises PictureError if all is paper.
    """
    grey = np.asarray(grey, np.float64)
    darker = _paper(grey) - grey
    border = np.concatenate([darker[0], darker[-1], darker[:, 0], darker[:, -1]])
    noise = 1.4826 * float(np.median(np.abs(border)))  # a standard deviation, if it is Gaussian
    if (darker * np.abs(darker)).sum() < 0:  # it is light on dark
        darker = -darker
    darkest = darker.max()
    if darkest < max(CONTRAST, 2 * NOISE * noise):
        raise PictureError(Refusal.BLANK)
    levels = np.floor(darker / darkest * 255 + 0.5)
    strokes = np.where(darker < max(FAINT * darkest, NOISE * noise), 0, levels)
    return strokes, float(noise / darkest)


def place(strokes: Floats) -> NDArray[np.uint8]:
    """Return ink scaled to the box, its centre of mass at that of MNIST's: uint8 (28, 28)."""
    profiles = strokes.sum(axis=1), strokes.sum(axis=0)
    spans = [span(profile) for profile in profiles]
    scale = BOX / max(stop - start for start, stop in spans)
    rows, columns = (
        _resampling(profile, *ends, scale) for profile, ends in zip(profiles, spans, strict=True)
    )
    return np.floor(rows @ strokes @ columns.T + 0.5).clip(0, 255).astype(np.uint8)


def span(profile: Floats) -> tuple[int, int]:
    """Return start and stop of the ink in a profile, without stray ink at either end."""
    before = np.cumsum(profile)
    after = before[-1] - before + profile
    inside = np.flatnonzero((before > STRAY * before[-1]) & (after > STRAY * before[-1]))
    return int(inside[0]), int(inside[-1]) + 1


def ink_box(strokes: Floats) -> tuple[slice, slice]:
    """Return the rows and the columns of the ink, without stray ink."""
    return slice(*span(strokes.sum(axis=1))), slice(*span(strokes.sum(axis=0)))


def _paper(grey: Floats) -> Floats:
    """Estimate the background: a plane through the medians of the four sides.

    Opposite sides that differ by more than half the picture's range, of which one is no paper, give
    no slope.
    """
    sides = (grey[0], grey[-1], grey[:, 0], grey[:, -1])
    top, bottom, left, right = medians = [np.median(side) for side in sides]
    most = (grey.max() - grey.min()) / 2
    down = bottom - top if abs(bottom - top) <= most else 0.0
    across = right - left if abs(right - left) <= most else 0.0
    y, x = ((np.arange(size) + 0.5) / size - 0.5 for size in grey.shape)
    plane: Floats = (np.median(medians) + down * y)[:, None] + (across * x)[None, :]
    return plane


def _resampling(profile: Floats, start: int, stop: int, scale: float) -> Floats:
    """Return the weights of exact area averaging along one axis: (28, len(profile)).

    A pixel of the result covers 1 / scale pixels of the picture; the weight of each of these is
    the part of it that is covered.
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
