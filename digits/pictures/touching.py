"""Cut ink into two digits that touch, where models are surer of the parts than of the whole."""

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digits.pictures.prepared import Mark
from digits.pictures.preparing import Floats, ink_box
from digits.pictures.single import MIN_HEIGHT_SHARE, MIN_INK_SHARE

HEIGHT = 28  # rows at which a cut is sought
PLACES = np.linspace(0.2, 0.8, 7)  # of cuts, as shares of the ink's width
LEAN = 0.15  # horizontal distance of a cut from its place, in heights, at most
STEP = 0.03  # cost of a step to the side, in pixels of ink: cuts are straight where nothing is
NARROW = 0.6  # width by height below which ink is one digit
WIDE = 1.9  # width by height from which one of the parts may have to be cut again
WIDTH = 4.0  # weight of the width beside the uncertainty
TWO, PERHAPS = 3.0, 0.9
"""Gain of a cut from which there are two digits, and from which there may be. Of 1,500 of MNIST's
digits 0.3 and 3 % reach them, of 600 pairs (gaps of -3 to 3 pixels at 28) 94 and 98 %; the best cut
is right in 92 % of the pairs."""
ROUNDS = 3  # of cuts: up to 8 digits of one piece

Scores = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
"""How uncertain a model's answers to images, (n, height, width), are."""


def cut_apart(
    marks: list[Mark], image: Callable[[Floats], NDArray[np.uint8]], scores: Scores, every: bool
) -> list[Mark]:
    """Cut marks of two digits, or doubt them: all if not `every`.

    image: what a model reads of strokes.
    """
    done: list[Mark] = []
    for _ in range(ROUNDS):
        ways = [list(cuts(mark.strokes)) for mark in marks]
        inks = [[mark.strokes, *chain(*way)] for mark, way in zip(marks, ways, strict=True) if way]
        values = iter(scores(np.array([*map(image, chain(*inks))])) if inks else ())
        later = []
        for mark, way in zip(marks, ways, strict=True):
            gain, best = _best(mark.strokes, way, values) if way else (0.0, None)
            if best and every and gain > TWO:
                doubts = (*mark.doubts, "cut from a touching digit")
                later += [mark._replace(strokes=part, doubts=doubts) for part in best]
            elif gain > PERHAPS:
                done.append(mark._replace(doubts=(*mark.doubts, "may be two digits")))
            else:
                done.append(mark)
        marks = later
    return done + marks


def _best(
    strokes: Floats, ways: list[tuple[Floats, Floats]], values: Iterator[float]
) -> tuple[float, tuple[Floats, Floats]]:
    """Return the best of the ways to cut strokes, and its gain. values: of them and all parts."""
    whole, width = next(values), aspect(strokes)
    worse = min if width > WIDE else max
    scores = [worse(next(values), next(values)) for _ in ways]
    best = int(np.argmin(scores))
    return float(whole - scores[best] + WIDTH * (width - 1)), ways[best]


def aspect(strokes: Floats) -> float:
    """Return the width of ink by its height."""
    rows, columns = ink_box(strokes)
    return float((columns.stop - columns.start) / (rows.stop - rows.start))


def cuts(strokes: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield ways to cut ink into a left and a right part, both of the shape of strokes."""
    if aspect(strokes) < NARROW:
        return
    rows, columns = ink_box(strokes)
    inked = strokes[rows, columns]
    width = max(2, round(inked.shape[1] * HEIGHT / len(inked)))
    small = Image.fromarray(inked.astype(np.uint8)).resize((width, HEIGHT), Image.Resampling.BOX)
    at = np.arange(strokes.shape[1]) - columns.start
    y = (np.arange(len(strokes)) - rows.start) * HEIGHT // len(inked)
    for place in PLACES * width:
        path = _path(np.asarray(small) / 255, place)
        border = (path[y.clip(0, HEIGHT - 1)] + 0.5) * inked.shape[1] / width
        is_left = at < border[:, None]
        parts = np.where(is_left, strokes, 0), np.where(is_left, 0, strokes)
        if all(_is_part(part, strokes) for part in parts):
            yield parts


def _path(dark: Floats, place: float) -> Floats:
    """Return the column, in each row, of the path from top to bottom that crosses least ink."""
    band = np.arange(dark.shape[1])
    band = band[np.abs(band - place) <= max(2.0, LEAN * HEIGHT)]
    costs = dark[:, band]
    back = []
    total = costs[0]
    for row in costs[1:]:
        before = np.full((3, len(band)), np.inf)
        before[0, 1:], before[1], before[2, :-1] = total[:-1] + STEP, total, total[1:] + STEP
        back.append(before.argmin(axis=0) - 1)
        total = row + before.min(axis=0)
    path = [int(np.argmin(total + 0.01 * np.abs(band - place)))]
    for step in reversed(back):
        path.append(path[-1] + int(step[path[-1]]))
    columns: Floats = band[path[::-1]].astype(np.float64)
    return columns


def _is_part(part: Floats, whole: Floats) -> bool:
    if part.sum() < MIN_INK_SHARE * whole.sum():
        return False
    (part_rows, _), (rows, _) = ink_box(part), ink_box(whole)
    return bool(part_rows.stop - part_rows.start >= MIN_HEIGHT_SHARE * (rows.stop - rows.start))
