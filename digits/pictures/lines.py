"""Detect the lines of ruled and squared paper in a mask of ink.

As staff lines in music, lines consist of short runs of pixels across them. Where a stroke crosses a
line the run is longer, so it is kept and the stroke stays whole.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

THICK = 1 / 55  # thickness of a line, as a share of the picture's longer side, at most
TILT = 0.1  # slope of a line, at most: 6 degrees, in steps of a quarter
STEP = 1 / 200  # half the deviation of a line from straight, as a share of the longer side
BARE = 0.4  # share of the width on which a line is not covered by anything, at least
WHOLE = 0.85  # share of the width on which a line, or a stroke over it, is visible, at least
CROSSED = 1.6  # runs longer than so many median thicknesses of their line belong to strokes too
MOST_RUNS = 300_000  # number of runs above which they are noise, not lines. It bounds the time

Mask = NDArray[np.bool_]


def lines(mask: Mask, thick: float = THICK) -> Mask:
    """Return the pixels of lines, horizontal or vertical or a little tilted, without strokes.

    thick: thickness of a line, as a share of the mask's longer side, at most.
    """
    level = _level(mask, thick)
    return level | _level((mask & ~level).T, thick).T


def _level(mask: Mask, thick: float) -> Mask:
    """Return the pixels of lines from left to right."""
    height, width = mask.shape
    is_line = np.zeros(mask.T.shape, bool)
    column, start, length = _runs(mask)
    thin = np.flatnonzero(length <= max(2, max(mask.shape) * thick))
    if not BARE * width <= len(thin) <= MOST_RUNS:
        return is_line.T
    step = max(2.0, max(mask.shape) * STEP)
    seen = ndimage.maximum_filter1d(mask, 2 * int(step) + 3, axis=0)
    x = np.arange(width)
    of_line = np.zeros(len(start), bool)
    slopes = np.linspace(-TILT, TILT, 49)
    margin = int(TILT * width / 2 / step) + 3
    middle, across = (start + length / 2)[thin], column[thin] - width / 2
    places = np.array([(middle - slope * across) / step + margin for slope in slopes], np.int32)
    count = int(height / step) + 2 * margin + 2
    tally = np.array([np.bincount(row, minlength=count) for row in places])
    tally[:, 1:] += tally[:, :-1].copy()
    for best in np.argsort(-tally, axis=None, kind="stable")[:2000]:
        slope, place = divmod(int(best), count)
        if tally[slope, place] < BARE * width:
            break
        near = thin[~of_line[thin] & (np.abs(places[slope] - place + 0.5) < 2)]
        bare = np.zeros(width, bool)
        bare[column[near]] = True
        y = np.rint((place - margin) * step + slopes[slope] * (x - width / 2)).astype(int)
        inside = (y >= 0) & (y < height)
        covered = bare[inside] | seen[y[inside], x[inside]]
        if bare.sum() >= BARE * width and covered.sum() >= WHOLE * inside.sum():
            of_line[near[length[near] <= CROSSED * np.median(length[near]) + 1]] = True
    is_line[mask.T] = np.repeat(of_line, length)
    return is_line.T


def _runs(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return column, first row and length of the vertical runs of pixels, column by column."""
    padded = np.pad(mask.T, ((0, 0), (1, 1))).astype(np.int8)
    turns = np.flatnonzero(np.diff(padded.ravel()))
    column, start = np.divmod(turns[::2], padded.shape[1])
    return column, start, turns[1::2] - turns[::2]
