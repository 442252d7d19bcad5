"""Draw what a model saw: prepared pictures with captions."""

import math

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digits.figures import png, style

ACROSS = 8
MOST = 200
"""Pictures drawn; a larger figure is of no use to anyone."""
LETTERS = 18
"""Letters of a caption's line that have room beneath a picture."""


def draw(images: NDArray[np.uint8], captions: list[str], colours: str = "gray_r") -> bytes:
    """Draw the first `MOST` images, each with its caption. images: uint8 (n, height, width)."""
    count = min(len(images), MOST)
    columns = min(count, ACROSS)
    rows = math.ceil(count / columns)
    lines = captions[0].count("\n") + 1
    with style():
        figure = Figure(figsize=(1.5 * columns, (1.5 + 0.16 * lines) * rows), layout="constrained")
        for index in range(count):
            axes = figure.add_subplot(rows, columns, index + 1)
            axes.imshow(images[index], cmap=colours, vmin=0, vmax=255, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            axes.set_xlabel(_fitting(captions[index]), fontsize=8, parse_math=False)
        return png(figure)


def _fitting(caption: str) -> str:
    """Keep the end of each line, in letters that matplotlib's own font has."""
    lines = caption.encode("ascii", "replace").decode().splitlines()
    return "\n".join(
        line if len(line) <= LETTERS else f"...{line[3 - LETTERS :]}" for line in lines
    )
