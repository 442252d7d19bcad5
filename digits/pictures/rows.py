"""Order the digits of a page by row, as they are read: along lines that may be tilted or bent."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SLOPES = np.linspace(-0.35, 0.35, 71)  # of the lines of a page: up to 19 degrees
SPREAD = 0.2  # deviation of a digit from its line, as a share of the usual height, a standard one
REACH = 8.0  # usual heights within which digits count as of one line when the slope is estimated
NEAR = 0.6  # distance from a row, in heights of the taller neighbour, from which it is another row
SPACE = 0.9  # gap between digits, in heights, from which they are written with a space between

Boxes = NDArray[np.float64]


def rows(boxes: Boxes) -> list[list[int]]:
    """Return the rows of a page from the top, each the indices of its digits from the left.

    boxes: (n, 4), left, top, right, bottom. A digit joins the row whose last digits lead to it.
    """
    if len(boxes) == 1:
        return [[0]]
    x, y = (boxes[:, :2] + boxes[:, 2:]).T / 2
    heights = boxes[:, 3] - boxes[:, 1]
    slope = _slope(x, y, float(np.median(np.maximum(heights, boxes[:, 2] - boxes[:, 0]))))
    found: list[list[int]] = []
    for one in np.argsort(x + slope * y, kind="stable").tolist():
        last = np.array([row[-1] for row in found], int)
        away = np.abs(y[one] - y[last] - slope * (x[one] - x[last]))
        away /= np.maximum(heights[one], heights[last])
        if (away < NEAR).any():
            found[int(np.argmin(away))].append(one)
        else:
            found.append([one])
    return sorted(found, key=lambda row: float(np.mean(y[row] - slope * x[row])))


def _slope(x: Boxes, y: Boxes, height: float) -> float:
    """Return the slope along which digits near each other lie on the same lines best."""
    across, down = np.subtract.outer(x, x) / height, np.subtract.outer(y, y) / height
    near = np.exp(-np.abs(across) / REACH)
    close = [(near * np.exp(-(((down - s * across) / SPREAD) ** 2) / 2)).sum() for s in SLOPES]
    return float(SLOPES[np.argmax(close)])


def text(marks: list[dict[str, Any]]) -> str:
    """Return the answers of a page as text: a line a row, and a space for a wide gap.

    marks: in reading order, each with "digit", "box", "row" and "column".
    """
    space = SPACE * float(np.median([mark["box"][3] - mark["box"][1] for mark in marks]))
    said, before = "", marks[0]
    for mark in marks:
        is_apart = mark["box"][0] - before["box"][2] > space
        said += "\n" if mark["row"] > before["row"] else " " * is_apart
        said += str(mark["digit"])
        before = mark
    return said
