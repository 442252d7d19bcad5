"""Measure the connected components of ink, and join those of one digit."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from digits.pictures.light import Levels
from digits.pictures.single import MAX_WIDTH, MIN_GAP, MIN_HEIGHT_SHARE, MIN_INK_SHARE, is_dot

MOST = 500
"""The largest components that are joined; it bounds the time."""
SMALL = 0.03
"""Longer side of a digit, as a share of the picture's, at least."""
NEAR, BELOW = 0.15, 2.0
"""Gap between the components of a digit, as a share of the longer one, at most; and times that gap
if they are one below the other: a broken stroke."""
DOTS, FEW_DOTS = 2.0, 5
"""Gap between the dots of a dotted line, in sides of a dot, at most; and its dots, at least."""
CRUMB = 0.015
"""Share of a digit's ink below which a component beside it is a speck."""
ALIKE = 0.5
"""Darkness of a digit's components, as a share of the main one's, at least; half for thickness."""
EDGE = 0.3
"""Weight of the ink of a component that touches the picture's edge."""
CUT = 0.25
"""Contact of a further digit with the picture's edge, as a share of its longer side, at most."""
GROUND, SHADE = 0.4, 128
"""Contact with the picture's edge, as a share of the perimeter, from which a component is a table
or shadow: half of a corner's shadow, a quarter of a 7; a fifth of that if it is paler than this."""
FRAME = 0.35
"""Share of its box that a frame fills, at most."""

Labels = NDArray[np.int32]
Values = Any  # arrays


class Components(NamedTuple):
    """Components of ink: an array of n values for each measure.

    number: the label; box: top, bottom, left, right, (n, 4); area in pixels; ink: sum of darkness;
    edges: the perimeter, in sides of pixels; contact: pixels at the picture's edge; dotted: whether
    it is a dot or a line of dots.
    """

    number: Values
    box: Values
    area: Values
    ink: Values
    edges: Values
    contact: Values
    dotted: Values

    @property
    def height(self) -> Values:
        """Height of the boxes."""
        return self.box[:, 1] - self.box[:, 0]

    @property
    def long(self) -> Values:
        """Longer side of the boxes."""
        return np.maximum(self.height, self.box[:, 3] - self.box[:, 2])

    @property
    def thickness(self) -> Values:
        """Width of strokes of this area and perimeter."""
        return 2 * self.area / self.edges

    @property
    def is_bar(self) -> Values:
        """Whether it is so much wider than high that it is no digit, but may be a line."""
        return self.long > 2 * MAX_WIDTH * self.height

    def select(self, rows: Values) -> "Components":
        """Return the components of a mask or of indices."""
        return Components(*(values[rows] for values in self))


def measure(label: Labels, darker: Levels) -> Components:
    """Measure the components 1 to n of a label image."""
    count = int(label.max())

    def tally(labels: Labels, weights: Values | None = None) -> Values:
        return np.bincount(labels.ravel(), weights, minlength=count + 1)[1:]

    padded = np.pad(label, 1)
    neighbours = (np.roll(padded, step, axis) for axis in (0, 1) for step in (-1, 1))
    edges = sum(tally(padded[padded != other]) for other in neighbours)
    box = [(r.start, r.stop, c.start, c.stop) for r, c in ndimage.find_objects(label)]
    top, bottom, left, right = np.array(box, int).reshape(-1, 4).T
    return Components(
        number=np.arange(1, count + 1),
        box=np.stack([top, bottom, left, right], axis=1),
        area=(area := tally(label)),
        ink=tally(label, np.maximum(darker, 0).ravel()),
        edges=edges,
        contact=tally(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])),
        dotted=is_dot(area, bottom - top, right - left),
    )


def join(label: Labels, parts: Components, darker: Levels) -> tuple[Labels, Components]:
    """Join the components of one digit; leave out tables, shadows, frames and specks."""
    size = label.shape
    parts = parts.select(~(_is_ground(parts, size) | _is_frame(parts, size)))
    parts = parts.select(np.argsort(-parts.area, kind="stable")[:MOST])
    if not len(parts.area):
        return label, parts
    groups, joined = np.arange(len(parts.number)), parts
    numbers = np.zeros(label.max() + 1, label.dtype)
    for _ in range(2):  # joined components may be near to others
        groups = connected_components(_are_one(joined))[1][groups]
        numbers[parts.number] = groups + 1
        joined = measure(numbers[label], darker)
    count, dots = np.bincount(groups), np.bincount(groups, parts.dotted)
    joined = joined._replace(dotted=dots == count)
    is_digit = (joined.long >= max(2.0, SMALL * max(size))) & ((dots < count) | (count >= FEW_DOTS))
    return numbers[label], joined.select(is_digit)


def peers(parts: Components) -> Values:
    """Return the indices of digits: that with most ink, then those like it."""
    weights = np.where(parts.contact > 0, EDGE, 1)
    first = np.lexsort((-parts.ink * weights, parts.is_bar))[0]
    alike = (
        (parts.long >= MIN_HEIGHT_SHARE * parts.long[first])
        & (parts.ink >= MIN_INK_SHARE * parts.ink[first])
        & (parts.contact <= CUT * parts.long)
        & (parts.ink / parts.area >= ALIKE * parts.ink[first] / parts.area[first])
        & ~parts.is_bar
    )
    alike[first] = False
    return np.append(first, np.flatnonzero(alike))


def _is_ground(parts: Components, size: tuple[int, ...]) -> Values:
    """Tell which components are tables or shadows, by their contact with the picture's edge."""
    pale = parts.ink < SHADE * parts.area
    share = np.where(pale, GROUND / 5, GROUND)
    return (parts.contact >= min(size) / 2) | (parts.contact > share * parts.edges)


def _is_frame(parts: Components, size: tuple[int, ...]) -> Values:
    """Tell which components are thin and have another one that may be a digit in their box."""
    top, bottom, left, right = parts.box.T
    inner = (parts.contact < min(size) / 4) & (parts.long > 0.1 * min(size))
    rows = (top[:, None] < top) & (bottom < bottom[:, None])
    columns = (left[:, None] < left) & (right < right[:, None])
    thin = parts.area < FRAME * parts.height * (right - left)
    return thin & (rows & columns & inner).any(axis=1)


def _are_one(parts: Components) -> Values:
    """Tell which pairs of components, (n, n), are of one digit: near, alike, and not two digits."""
    top, bottom, left, right = parts.box.T
    down = np.maximum.outer(top, top) - np.minimum.outer(bottom, bottom)
    across = np.maximum.outer(left, left) - np.minimum.outer(right, right)
    longer, shorter = _pairs(parts.long)
    near = (across <= NEAR * longer) & (down <= np.where(across < 0, BELOW, 1) * NEAR * longer)
    more, less = _pairs(parts.ink)
    taller, lower = _pairs(parts.height)
    dark, pale = _pairs(parts.ink / parts.area)
    in_row = (lower >= MIN_HEIGHT_SHARE * taller) & (across >= MIN_GAP * taller)
    in_row &= less >= MIN_INK_SHARE * (less + more)
    of_line = np.logical_and.outer(parts.dotted, parts.dotted)
    of_line &= np.maximum(down, across) <= DOTS * shorter
    return of_line | (near & ~in_row & (less >= CRUMB * more) & (pale >= ALIKE * dark))


def _pairs(values: Values) -> tuple[Values, Values]:
    """Return the larger and the smaller value of each pair, (n, n)."""
    return np.maximum.outer(values, values), np.minimum.outer(values, values)


def in_reading_order(parts: Components) -> list[int]:
    """Return the indices by row, from the top, and in each row from the left."""
    rows: list[list[int]] = []
    for index in np.argsort(parts.box[:, 0], kind="stable").tolist():
        middle = parts.box[index, :2].mean()
        row = next((row for row in rows if middle < parts.box[row[0], 1]), [])
        if not row:
            rows.append(row)
        row.append(index)
    return [index for row in rows for index in sorted(row, key=lambda index: parts.box[index, 2])]
