"""Measure the connected components of ink, join those of one digit, and refuse the others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from digits.pictures.light import Levels
from digits.pictures.prepared import Refusal
from digits.pictures.single import MAX_WIDTH, MIN_GAP, MIN_HEIGHT_SHARE, MIN_INK_SHARE, is_dot

MOST = 1000  # components that are measured, at most; it bounds time and memory
SMALL, TINY = 0.03, 0.008
"""Longer side of a digit, as a share of the picture's, at least: of the one digit of a picture, and
of a page's."""
NEAR, BELOW = 0.15, 0.3
"""Gap between the components of a digit, as a share of the longer one, at most; and one below the
other: a broken stroke."""
WHOLE, PAGE = 0.6, 4
"""Components longer than this share of the usual digit are whole digits; of which a page has at
least so many, and they are not joined one below the other."""
OVERLAP = 0.5  # of the widths of two tall components of a digit, by the narrower, at least
ALIKE = 0.5  # darkness of a digit's components, as a share of the darker one's, at least
CUT = 0.25  # contact of a whole digit with the edge, as a share of its longer side, at most
GROUND = 0.4
"""Contact with the picture's edge, as a share of its box's perimeter, from which a component is a
table or shadow: half of a corner's shadow."""
FRAME, INNER = 0.35, 0.25
"""Share of its box that a frame fills, at most; and longer side of what it frames, as a share of
its shorter one, at least."""
LEAST, MARKS = (0.5, 0.35), (0.15, 0.04)
"""Longer side and ink of a digit, as shares of the usual one's, at least: beside the one digit of a
picture, and on a page."""
BLOT = 0.1  # longer side of what may be a filled digit, not a dot, as a share of the picture's

Labels = NDArray[np.int32]
Components = Any  # np.recarray, whose type has no fields


def measure(label: Labels, darker: Levels) -> Components:
    """Return a record for each of the largest components of a label image.

    number: its label; top, bottom, left, right, height, width, long: its box and the longer side of
    that; area and contact, with the picture's edge, in pixels; ink: sum of darkness; is_dot: round
    and filled; is_bar: too wide for a digit.
    """
    count = int(label.max())

    def tally(labels: Labels, weights: Any = None) -> Any:
        return np.bincount(labels.ravel(), weights, minlength=count + 1)[1:]

    ends = [(y.start, y.stop, x.start, x.stop) for y, x in ndimage.find_objects(label)]
    box = np.array(ends, int).reshape(-1, 4).T
    height, width = box[1] - box[0], box[3] - box[2]
    area = tally(label)
    measures = {
        "number": np.arange(1, count + 1),
        **dict(zip(("top", "bottom", "left", "right"), box, strict=True)),
        "height": height,
        "width": width,
        "long": np.maximum(height, width),
        "area": area,
        "ink": tally(label, np.maximum(darker, 0).ravel()),
        "contact": tally(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])),
        "is_dot": is_dot(area, height, width),
        "is_bar": width > 2 * MAX_WIDTH * height,
    }
    parts = np.rec.fromarrays([*measures.values()], formats=None, names=[*measures])
    return parts[np.argsort(-area, kind="stable")[:MOST]]


def join(
    label: Labels, parts: Components, darker: Levels, every: bool
) -> tuple[Labels, Components]:
    """Join the components of one digit; leave out tables, shadows and frames."""
    around = 2 * (parts.height + parts.width)
    is_ground = parts.contact >= np.minimum(min(label.shape) / 2, GROUND * around)
    parts = parts[~(is_ground | is_frame(parts))]
    if not len(parts) or label.max() == 1:
        return label, parts
    groups = connected_components(_are_one(parts, every))[1]
    numbers = np.zeros(label.max() + 1, label.dtype)
    numbers[parts.number] = groups + 1
    return numbers[label], measure(numbers[label], darker)


def refusals(parts: Components, side: int, every: bool) -> NDArray[Any]:
    """Return why each component is no digit, None if it may be one.

    side: the picture's longer side. A picture has one digit, that with most ink, and those like it;
    the digits of a page (every) are like the one at the median of the ink.
    """
    usual = _usual(parts, every)
    dot = WHOLE * usual.long if every and not usual.is_dot else BLOT * side
    small = (parts.long < LEAST[every] * usual.long) | (parts.ink < MARKS[every] * usual.ink)
    why = np.full(len(parts), None, object)
    why[parts.contact > CUT * parts.long] = Refusal.EDGE
    why[parts.is_bar] = Refusal.BAR
    why[small] = Refusal.DOT
    if not every:
        why[parts.number == usual.number] = None
    why[(parts.is_dot & (parts.long < dot)) | (parts.long < (SMALL, TINY)[every] * side)] = (
        Refusal.DOT
    )
    return why


def _usual(parts: Components, every: bool) -> Any:
    """Return the component with most ink; every: the one at the median of the ink, by length."""
    weight = parts.ink * np.where(parts.is_bar | parts.is_dot, 1e-6, 1)
    if not every:
        return parts[np.argmax(weight)]
    order = np.argsort(parts.long, kind="stable")
    share = np.cumsum(weight[order])
    return parts[order[np.searchsorted(share, share[-1] / 2)]]


def is_frame(parts: Components) -> Any:
    """Tell which components are thin and have others that may be digits in their box."""
    rows = np.less.outer(parts.top, parts.top) & np.greater.outer(parts.bottom, parts.bottom)
    columns = np.less.outer(parts.left, parts.left) & np.greater.outer(parts.right, parts.right)
    large = np.less.outer(INNER * np.minimum(parts.height, parts.width), parts.long)
    inside = (rows & columns & large & ~parts.is_dot).any(axis=1)
    return (parts.area < FRAME * parts.height * parts.width) & inside


def _are_one(parts: Components, every: bool) -> Any:
    """Tell which pairs of components, (n, n), are of one digit: near, alike, and not two digits."""

    def pairs(values: Any) -> tuple[Any, Any]:
        return np.maximum.outer(values, values), np.minimum.outer(values, values)

    down = pairs(parts.top)[0] - pairs(parts.bottom)[1]
    across = pairs(parts.left)[0] - pairs(parts.right)[1]
    longer, _ = pairs(parts.long)
    more, less = pairs(parts.ink)
    taller, lower = pairs(parts.height)
    dark, pale = pairs(parts.ink / parts.area)
    near = (across <= NEAR * longer) & (down <= np.where(across < 0, BELOW, NEAR) * longer)
    apart = -OVERLAP * pairs(parts.width)[1] if every else MIN_GAP * taller
    in_row = (lower >= MIN_HEIGHT_SHARE * taller) & (across >= apart)
    in_row &= less >= MIN_INK_SHARE * (less + more)
    usual = _usual(parts, every)
    whole = (parts.long >= WHOLE * usual.long) & ~parts.is_dot
    if whole.sum() >= PAGE:
        in_row |= np.logical_and.outer(whole, whole) & (down > 0)
    return near & ~in_row & (pale >= ALIKE * dark)
