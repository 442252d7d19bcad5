"""Find the lines of ruled and squared paper in ink, and take them out without cutting strokes.

As in reading music, a line's own pixels are told by how short the runs across it are: where a
stroke crosses a line the run is longer, and stays.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

THICK = 1 / 55
"""The thickest line, as a share of the picture's longer side."""
TILT = 0.1
"""The steepest line: 6 degrees, in steps of a quarter."""
STEP = 1 / 200
"""How far, as a share of the longer side, a line may swerve from straight, to either side twice."""
BARE = 0.4
"""Share of the picture's width on which a line lies bare: the rest may be digit, and table."""
WHOLE = 0.85
"""Share of its way through the picture on which it, or a stroke over it, is seen."""
CROSSED = 1.6
"""Times the line's usual thickness: a longer run belongs to a stroke as well."""
MOST_RUNS = 300_000
"""Beyond so many there is noise, not lines; it bounds the time."""

Mask = NDArray[np.bool_]


class Runs(NamedTuple):
    """Upright runs of pixels: where each starts and how long it is."""

    column: NDArray[np.intp]
    start: NDArray[np.intp]
    length: NDArray[np.intp]


def lines(mask: Mask) -> Mask:
    """Return the pixels that belong to level or upright lines alone, or a little tilted ones."""
    level = _level(mask)
    upright = _level(np.ascontiguousarray((mask & ~level).T)).T
    return level | upright


def _level(mask: Mask) -> Mask:
    """Return the pixels of lines that cross the picture from left to right."""
    height, width = mask.shape
    runs = _thin_runs(mask)
    found = np.zeros_like(mask)
    if not BARE * width <= len(runs.start) <= MOST_RUNS:
        return found
    step = max(2.0, max(mask.shape) * STEP)
    seen = ndimage.maximum_filter1d(mask, 2 * int(step) + 3, axis=0)
    x = np.arange(width)
    free = np.ones(len(runs.start), bool)
    slopes = np.linspace(-TILT, TILT, 49)
    margin = int(TILT * width / 2 / step) + 3
    middle = runs.start + runs.length / 2
    places = np.array(
        [(middle - slope * (runs.column - width / 2)) / step + margin for slope in slopes], np.int32
    )
    count = int(height / step) + 2 * margin + 2
    tally = np.array([np.bincount(row, minlength=count) for row in places])
    tally[:, 1:] += tally[:, :-1].copy()
    for best in np.argsort(-tally, axis=None, kind="stable")[:2000]:
        slope, place = divmod(int(best), count)
        if tally[slope, place] < BARE * width:
            break
        near = np.flatnonzero(free & (np.abs(places[slope] - place + 0.5) < 2))
        bare = np.zeros(width, bool)
        bare[runs.column[near]] = True
        y = np.rint((place - margin) * step + slopes[slope] * (x - width / 2)).astype(int)
        inside = (y >= 0) & (y < height)
        covered = bare[inside] | seen[y[inside], x[inside]]
        if bare.sum() >= BARE * width and covered.sum() >= WHOLE * inside.sum():
            line = near[runs.length[near] <= CROSSED * np.median(runs.length[near]) + 1]
            free[line] = False
    _fill(found, Runs(*(part[~free] for part in runs)))
    return found


def _thin_runs(mask: Mask) -> Runs:
    """Find the upright runs that are no longer than a line is thick."""
    padded = np.pad(mask.T, ((0, 0), (1, 1))).astype(np.int8)
    turns = np.flatnonzero(np.diff(padded.ravel()))
    column, start = np.divmod(turns[::2], padded.shape[1])
    length = turns[1::2] - turns[::2]
    thin = length <= max(2, max(mask.shape) * THICK)
    return Runs(column[thin], start[thin], length[thin])


def _fill(mask: Mask, runs: Runs) -> None:
    """Set the pixels of runs."""
    before = np.repeat(np.cumsum(runs.length) - runs.length, runs.length)
    rows = np.repeat(runs.start, runs.length) + np.arange(len(before)) - before
    mask[rows, np.repeat(runs.column, runs.length)] = True
