"""Measure the connected components of ink, and join those of one digit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from digits.pictures.light import Levels
from digits.pictures.single import MAX_WIDTH, MIN_GAP, MIN_HEIGHT_SHARE, MIN_INK_SHARE, is_dot

MOST = 500  # the largest components that are joined; it bounds the time
SMALL = 0.03  # longer side of a digit, as a share of the picture's, at least
NEAR, BELOW = 0.15, 2.0
"""Gap between the components of a digit, as a share of the longer one, at most; and times that gap
if they are one below the other: a broken stroke."""
DOTS, FEW_DOTS = 2.0, 5  # gap between the dots of a line, in dots, at most; and dots, at least
CRUMB = 0.015  # share of a digit's ink below which a component beside it is a speck
ALIKE = 0.5  # darkness of a digit's components, as a share of the main one's, at least
EDGE = 0.3  # weight of the ink of a component that touches the picture's edge
CUT = 0.25  # contact of further digits with the edge, as a share of their longer side, at most
GROUND, SHADE = 0.4, 128
"""Contact with the picture's edge, as a share of the perimeter, from which a component is a table
or shadow: half of a corner's shadow, a quarter of a 7; a fifth of that if it is paler than this."""
FRAME = 0.35  # share of its box that a frame fills, at most

Labels = NDArray[np.int32]
Components = Any  # np.recarray, whose type has no fields


def measure(label: Labels, darker: Levels) -> Components:
    """Return a record for each component, 1 to n, of a label image.

    number: its label; top, bottom, left, right, height, long: its box and the longer side of that;
    area in pixels; ink: sum of darkness; edges: perimeter, in sides of pixels; contact: pixels at
    the picture's edge; dotted: whether it is a dot; is_bar: whether it is too wide for a digit.
    """
    count = int(label.max())

    def tally(labels: Labels, weights: Any = None) -> Any:
        return np.bincount(labels.ravel(), weights, minlength=count + 1)[1:]

    padded = np.pad(label, 1)
    neighbours = (np.roll(padded, step, axis) for axis in (0, 1) for step in (-1, 1))
    ends = [(y.start, y.stop, x.start, x.stop) for y, x in ndimage.find_objects(label)]
    box = np.array(ends, int).reshape(-1, 4).T
    height, width = box[1] - box[0], box[3] - box[2]
    long, area = np.maximum(height, width), tally(label)
    measures = {
        "number": np.arange(1, count + 1),
        **dict(zip(("top", "bottom", "left", "right"), box, strict=True)),
        "height": height,
        "long": long,
        "area": area,
        "ink": tally(label, np.maximum(darker, 0).ravel()),
        "edges": sum(tally(padded[padded != other]) for other in neighbours),
        "contact": tally(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])),
        "dotted": is_dot(area, height, width),
        "is_bar": long > 2 * MAX_WIDTH * height,
    }
    return np.rec.fromarrays([*measures.values()], formats=None, names=[*measures])


def join(label: Labels, parts: Components, darker: Levels) -> tuple[Labels, Components]:
    """Join the components of one digit; leave out tables, shadows, frames and specks."""
    parts = parts[~(_is_ground(parts, min(label.shape)) | _is_frame(parts, min(label.shape)))]
    parts = parts[np.argsort(-parts.area, kind="stable")[:MOST]]
    if not len(parts):
        return label, parts
    groups, joined = np.arange(len(parts)), parts
    numbers = np.zeros(label.max() + 1, label.dtype)
    for _ in range(2):  # joined components may be near to others
        groups = connected_components(_are_one(joined))[1][groups]
        numbers[parts.number] = groups + 1
        joined = measure(numbers[label], darker)
    count, dots = np.bincount(groups), np.bincount(groups, parts.dotted)
    joined.dotted = dots == count
    large = joined.long >= max(2.0, SMALL * max(label.shape))
    return numbers[label], joined[large & ((dots < count) | (count >= FEW_DOTS))]


def peers(parts: Components) -> Components:
    """Return the digit with most ink, then those like it."""
    weight = np.where(parts.contact > 0, EDGE, 1)
    parts = parts[np.lexsort((-parts.ink * weight, parts.is_bar))]
    first = parts[0]
    alike = (
        (parts.long >= MIN_HEIGHT_SHARE * first.long)
        & (parts.ink >= MIN_INK_SHARE * first.ink)
        & (parts.contact <= CUT * parts.long)
        & (parts.ink / parts.area >= ALIKE * first.ink / first.area)
        & ~parts.is_bar
    )
    alike[0] = True
    return parts[alike]


def in_reading_order(parts: Components) -> list[Components]:
    """Return the components by row, from the top, and in each row from the left."""
    rows: list[list[Components]] = []
    for part in sorted(parts, key=lambda part: part.top):
        middle = part.top + part.height / 2
        row = next((row for row in rows if middle < row[0].bottom), [])
        if not row:
            rows.append(row)
        row.append(part)
    return [part for row in rows for part in sorted(row, key=lambda part: part.left)]


def _is_ground(parts: Components, side: int) -> Any:
    """Tell which components are tables or shadows, by their contact with the picture's edge."""
    share = np.where(parts.ink < SHADE * parts.area, GROUND / 5, GROUND)
    return (parts.contact >= side / 2) | (parts.contact > share * parts.edges)


def _is_frame(parts: Components, side: int) -> Any:
    """Tell which components are thin and have another one that may be a digit in their box."""
    inner = (parts.contact < side / 4) & (parts.long > 0.1 * side)
    rows = np.less.outer(parts.top, parts.top) & np.greater.outer(parts.bottom, parts.bottom)
    columns = np.less.outer(parts.left, parts.left) & np.greater.outer(parts.right, parts.right)
    thin = parts.area < FRAME * parts.height * (parts.right - parts.left)
    return thin & (rows & columns & inner).any(axis=1)


def _are_one(parts: Components) -> Any:
    """Tell which pairs of components, (n, n), are of one digit: near, alike, and not two digits."""

    def pairs(values: Any) -> tuple[Any, Any]:
        return np.maximum.outer(values, values), np.minimum.outer(values, values)

    down = pairs(parts.top)[0] - pairs(parts.bottom)[1]
    across = pairs(parts.left)[0] - pairs(parts.right)[1]
    longer, shorter = pairs(parts.long)
    more, less = pairs(parts.ink)
    taller, lower = pairs(parts.height)
    dark, pale = pairs(parts.ink / parts.area)
    near = (across <= NEAR * longer) & (down <= np.where(across < 0, BELOW, 1) * NEAR * longer)
    in_row = (lower >= MIN_HEIGHT_SHARE * taller) & (across >= MIN_GAP * taller)
    in_row &= less >= MIN_INK_SHARE * (less + more)
    of_line = np.logical_and.outer(parts.dotted, parts.dotted)
    of_line &= np.maximum(down, across) <= DOTS * shorter
    return of_line | (near & ~in_row & (less >= CRUMB * more) & (pale >= ALIKE * dark))
