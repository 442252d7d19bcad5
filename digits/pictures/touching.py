"""Cut ink into two digits that touch, where models are surer of the parts than of the whole."""

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from digits.pictures.prepared import Mark
from digits.pictures.preparing import Floats, ink_box
from digits.pictures.single import is_part

PLACES = np.linspace(0.2, 0.8, 7)  # of cuts, as shares of the ink's width
LEANS = np.linspace(-0.4, 0.4, 9)  # of cuts: columns by row
NARROW = 0.6  # width by height below which ink is one digit
WIDE = 1.9  # width by height from which one of the parts may have to be cut again
WIDTH = 4.0  # weight of the width beside the uncertainty
TWO, PERHAPS = 3.0, 0.9
"""Gain of a cut from which there are two digits, and from which there may be. Of 600 of MNIST's
digits 0.3 and 1.5 % reach them; of 200 pairs with gaps of -3 to 3 pixels at 28, 94 % are cut and
90 % read right."""

Scores = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
"""How uncertain a model's answers to images, (n, height, width), are."""


def cut_apart(
    mark: Mark, image: Callable[[Floats], NDArray[np.uint8]], scores: Scores, every: bool
) -> list[Mark]:
    """Cut a mark of digits that touch, or doubt it: always if not `every`.

    image: what a model reads of strokes.
    """
    if not (ways := list(cuts(mark.strokes))):
        return [mark]
    whole, *values = scores(np.array([*map(image, [mark.strokes, *chain(*ways)])])).tolist()
    height, width = mark.strokes[ink_box(mark.strokes)].shape
    aspect = width / height
    worse = min if aspect > WIDE else max
    costs = [worse(pair) for pair in zip(values[::2], values[1::2], strict=True)]
    best = int(np.argmin(costs))
    gain = whole - costs[best] + WIDTH * (aspect - 1)
    if every and gain > TWO:
        doubts = dict.fromkeys((*mark.doubts, "cut from a touching digit"))
        parts = [mark._replace(strokes=part, doubts=(*doubts,)) for part in ways[best]]
        return [one for part in parts for one in cut_apart(part, image, scores, every)]
    if gain > PERHAPS:
        return [mark._replace(doubts=(*mark.doubts, "may be two digits"))]
    return [mark]


def cuts(strokes: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield ways to cut ink into a left and a right part, both of the shape of strokes.

    At each place the cut is the straight line, upright or leaning, that crosses least ink.
    """
    box = ink_box(strokes)
    inked = strokes[box]
    height, width = inked.shape
    if width < NARROW * height:
        return
    y = np.arange(height)
    for place in PLACES * width:
        lines = [place + lean * (y - height / 2) for lean in LEANS]
        columns = [np.rint(line).clip(0, width - 1).astype(int) for line in lines]
        cut = min(columns, key=lambda line: float(inked[y, line].sum()))
        is_left = np.arange(width) < cut[:, None]
        parts = np.zeros_like(strokes), np.zeros_like(strokes)
        parts[0][box], parts[1][box] = inked * is_left, inked * ~is_left
        if all(part.any() and is_part(part, inked) for part in parts):
            yield parts
