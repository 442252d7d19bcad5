"""Tell a digit's marks from what else is dark: tables, frames, specks; and digit from digit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digits.errors import PictureError
from digits.pictures.lines import Mask
from digits.pictures.refusals import Refusal
from digits.pictures.single import MAX_WIDTH, MIN_GAP, MIN_HEIGHT_SHARE, MIN_INK_SHARE, is_dot

MOST_MARKS = 4000
"""More than these is noise, not writing."""
MOST_SEEN = 150
"""Of them the largest are looked at one by one; it bounds the time."""
SMALL = 0.03
"""Longer side of a digit, as a share of the picture's, at least; of a dot of one a third."""
NEAR = 0.15
"""Gap between the marks of one digit, as a share of the larger one's longer side, at most."""
BELOW = 2.0
"""Times that gap where the marks lie one below the other: a stroke that is broken."""
DOTS = 2.0
"""Sides of a dot that the next of a dotted line may be apart."""
FEW_DOTS = 5
"""Fewer than these are no digit."""
CRUMB = 0.015
"""Share of a digit's ink below which a mark beside it is a speck."""
ALIKE = 0.5
"""Darkness of a digit's marks as a share of its darkest one's, and half of that for thickness."""
EDGE = 0.3
"""What ink counts, in finding the digit, whose mark touches the picture's edge."""
CUT = 0.25
"""Share of its longer side with which a mark beside a digit may touch the picture's edge."""

MARGIN = 0.03
"""Share of its side that such a digit may lie from the edge: its own is soft."""
GROUND = 0.4
"""Share of a mark's edges that are the picture's: half of a corner's shadow, a quarter of a 7."""
SHADE = 128
"""Grey levels of the darkest shadow: the tip of one at the picture's edge touches less of it."""
NARROW = 0.55
"""Width by height of a picture that a 1 may fill, cut out along its edges."""
FILLED_EDGE, FILLED_THICK, FILLED_DARK = 0.55, (0.05, 0.3), 200
"""Of a digit that was cut out along its edges: share of the picture's edge that it touches, at
most; its strokes' width in sides of it; and grey levels of its middle pixel, for a shadow has less.
"""


@dataclass(frozen=True, eq=False)
class Mark:
    """Pixels that hang together, or such marks of one digit, joined.

    Their numbers, box, area, ink, edges (sides of pixels beside others), pixels at the picture's
    edge, shape (bool, of the box), and whether all are dots, of a dotted line.
    """

    numbers: tuple[int, ...]
    rows: slice
    columns: slice
    area: int
    ink: float
    edges: int
    contact: int
    shape: Mask
    dotted: bool

    @property
    def height(self) -> int:
        """Of the box."""
        return int(self.rows.stop - self.rows.start)

    @property
    def long(self) -> int:
        """Return the longer side of the box."""
        return max(self.height, int(self.columns.stop - self.columns.start))

    @property
    def thickness(self) -> float:
        """Of a stroke of this area with these edges."""
        return 2 * self.area / self.edges

    def joined(self, other: "Mark") -> "Mark":
        """Return both as one; the shape is the first one's."""
        return Mark(
            self.numbers + other.numbers,
            _around(self.rows, other.rows),
            _around(self.columns, other.columns),
            self.area + other.area,
            self.ink + other.ink,
            self.edges + other.edges,
            self.contact + other.contact,
            self.shape,
            self.dotted and other.dotted,
        )


def _around(one: slice, other: slice) -> slice:
    return slice(min(one.start, other.start), max(one.stop, other.stop))


def marks(label: NDArray[Any], count: int, darker: NDArray[np.floating]) -> list[Mark]:
    """Measure the marks, the largest first. Raises PictureError if there are too many."""
    if count > MOST_MARKS:
        raise PictureError(Refusal.SCATTERED)

    def tally(labels: NDArray[Any], weights: Any = None) -> NDArray[Any]:
        return np.bincount(labels.ravel(), weights, minlength=count + 1)

    areas, ink = tally(label), tally(label, np.maximum(darker, 0).ravel())
    contact = tally(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]]))
    edges = contact.copy()
    for one, other in ((label[1:], label[:-1]), (label[:, 1:], label[:, :-1])):
        edges += tally(one[one != other]) + tally(other[one != other])
    boxes = ndimage.find_objects(label)
    largest = (np.argsort(-areas[1:], kind="stable")[:MOST_SEEN] + 1).tolist()
    return [
        Mark(
            (n,),
            rows,
            columns,
            area=int(areas[n]),
            ink=float(ink[n]),
            edges=int(edges[n]),
            contact=int(contact[n]),
            shape=label[rows, columns] == n,
            dotted=is_dot(int(areas[n]), rows.stop - rows.start, columns.stop - columns.start),
        )
        for n, (rows, columns) in ((n, boxes[n - 1]) for n in largest)
    ]


def digits(found: list[Mark], size: tuple[int, ...]) -> list[Mark]:
    """Join the marks of a picture of `size` that may be digits; the one with most ink first.

    What fills the edge of the picture is a table or shadow if there is anything else, and what
    runs around something else is a frame.
    """
    least = max(2.0, SMALL * max(size))
    large = [m for m in found if m.long >= (least / 3 if m.dotted else least)]
    inner = [m for m in large if m.contact < min(size) / 4 and m.long > 0.1 * min(size)]
    joined: list[Mark] = []
    for mark in large:
        if _is_ground(mark, size, bool(inner)) or any(
            other is not mark and _is_around(mark, other) for other in inner
        ):
            continue
        for other in [other for other in joined if _are_one(other, mark)]:
            joined.remove(other)
            mark = other.joined(mark)
        joined.append(mark)
    small = [mark for mark in found if mark not in large]
    joined = [_with_small(mark, small) for mark in joined]
    joined = [mark for mark in joined if not mark.dotted or len(mark.numbers) >= FEW_DOTS]
    return sorted(joined, key=lambda m: (is_bar(m), -m.ink * (EDGE if m.contact else 1)))


def is_peer(mark: Mark, first: Mark) -> bool:
    """Tell whether a mark is a digit as the first is: not much smaller, paler, thinner, or cut."""
    tall = mark.long >= MIN_HEIGHT_SHARE * first.long
    heavy = mark.ink >= MIN_INK_SHARE * first.ink
    cut = mark.contact > CUT * mark.long
    alike = _alike(mark, first) and not is_bar(mark)
    return mark is first or (tall and heavy and not cut and alike)


def is_bar(mark: Mark) -> bool:
    """Tell whether a mark is so much wider than high that it is no digit, but may be a line."""
    return mark.long > 2 * MAX_WIDTH * mark.height


def in_reading_order(found: list[Mark]) -> list[Mark]:
    """Sort into rows, from the top, and each from the left."""
    rows: list[list[Mark]] = []
    for mark in sorted(found, key=lambda mark: mark.rows.start):
        middle = mark.rows.start + mark.height / 2
        row = next((row for row in rows if middle < row[0].rows.stop), [])
        if not row:
            rows.append(row)
        row.append(mark)
    return [mark for row in rows for mark in sorted(row, key=lambda mark: mark.columns.start)]


def fills(strokes: NDArray[np.float64]) -> bool:
    """Tell whether ink is a digit cut out along its edges.

    It is one mark, as dark and thick as strokes are, from side to side, but not along most of them
    as a table is. strokes: what `ink` returns.
    """
    label, count = ndimage.label(strokes > 127, np.ones((3, 3)))
    first, *others = marks(label, count, strokes)
    ends = zip(label.shape, (first.rows.stop, first.columns.stop), strict=True)
    margins = [first.rows.start, first.columns.start, *(size - stop for size, stop in ends)]
    return (
        sum(margin <= MARGIN * first.long for margin in margins) >= 3
        and (first.contact <= GROUND * first.edges or min(label.shape) < NARROW * max(label.shape))
        and first.contact <= FILLED_EDGE * 2 * sum(label.shape)
        and FILLED_THICK[0] <= first.thickness / first.long <= FILLED_THICK[1]
        and all(other.area < first.area / 50 for other in others)
        and bool(np.median(strokes[label == first.numbers[0]]) >= FILLED_DARK)
    )


def _is_ground(mark: Mark, size: tuple[int, ...], others: bool) -> bool:
    """Tell whether a mark at the picture's edge is a table or shadow, by how wide it is there."""
    thick = mark.thickness / mark.long
    if mark.contact >= min(size) / 2 and (others or thick > FILLED_THICK[0]):
        return True
    pale = mark.ink < SHADE * mark.area
    return mark.contact > (GROUND / 5 if pale else GROUND) * mark.edges


def _is_around(mark: Mark, other: Mark) -> bool:
    """Tell whether a mark is a table around another, or a frame: an outline with straight sides."""
    if mark.contact >= mark.long / 2 and other.ink > 0.1 * mark.ink:
        return True
    inside = all(
        outer.start < inner.start and inner.stop < outer.stop
        for outer, inner in ((mark.rows, other.rows), (mark.columns, other.columns))
    )
    if not inside or other.height < mark.height / 5:
        return False
    rim = max(2, int(0.1 * min(mark.shape.shape)))
    within = int(mark.shape[rim:-rim, rim:-rim].sum())
    return within < mark.area / 5 and mark.area < 0.35 * mark.shape.size


def _gaps(one: Mark, other: Mark) -> tuple[int, int]:
    """Return the gaps between two boxes, down and across; 0 or less where they overlap."""
    down, across = (
        max(a.start - b.stop, b.start - a.stop)
        for a, b in ((one.rows, other.rows), (one.columns, other.columns))
    )
    return down, across


def _are_one(one: Mark, other: Mark) -> bool:
    """Tell whether two large marks are of one digit: near, alike, and not tall ones in a row."""
    down, across = _gaps(one, other)
    big, small = sorted((one, other), key=lambda mark: -mark.ink)
    if one.dotted and other.dotted and max(down, across) <= DOTS * small.long:
        return True
    near = NEAR * max(one.long, other.long)
    if small.ink < CRUMB * big.ink:
        return False
    if across > near or down > (BELOW if across < 0 else 1) * near or not _alike(small, big):
        return False
    tallest = max(one.height, other.height)
    tall = min(one.height, other.height) >= MIN_HEIGHT_SHARE * tallest
    heavy = small.ink >= MIN_INK_SHARE * (small.ink + big.ink)
    return not (tall and heavy and across >= MIN_GAP * tallest)


def _alike(small: Mark, big: Mark) -> bool:
    """Tell whether a mark is as dark as a digit's and about as thick, or more."""
    dark = small.ink / small.area >= ALIKE * big.ink / big.area
    return dark and small.thickness >= ALIKE / 2 * big.thickness


def _with_small(mark: Mark, small: list[Mark]) -> Mark:
    """Add what lies near a digit and is no speck: a bar apart, a break in a stroke."""
    for other in small:
        near = max(_gaps(mark, other)) <= NEAR * mark.long
        if near and other.ink >= CRUMB * mark.ink and _alike(other, mark):
            mark = mark.joined(other)
    return mark
