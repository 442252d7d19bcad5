"""Draw pictures, the ink that was found in them, and the images that the models read."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digits.figures.style import letters, png, style
from digits.pictures import PreparedImage

ACROSS = 6
MOST = 300  # panels of a figure, at most
LETTERS = 18  # letters of a line of a caption, at most
SIDE = 240  # pixels of the longer side of a picture in its panel
MARKED = (213, 94, 0)  # the colour of ink and boxes


class Panel(NamedTuple):
    """An image, uint8 (height, width) or (height, width, 3), and the lines below it."""

    picture: NDArray[np.uint8]
    caption: str


def picture_panels(file: str, digits: list[PreparedImage]) -> list[Panel]:
    """Return a panel of a picture, and one in which the ink of its digits is marked."""
    picture = digits[0].picture
    assert picture is not None
    levels = picture.grey.astype(np.uint8) if picture.colours is None else picture.colours
    small = Image.fromarray(levels).convert("RGB")
    small.thumbnail((SIDE, SIDE))
    panels = [Panel(np.asarray(small), file)]
    inks = [digit.ink for digit in digits if digit.ink is not None]
    if inks:
        ink = Image.fromarray(np.uint8(255) * np.any(inks, axis=0))
        pale = Image.eval(small.convert("L"), lambda level: 128 + level // 2).convert("RGB")
        pale.paste(MARKED, mask=ink.resize(small.size, Image.Resampling.BOX))
        pencil = ImageDraw.Draw(pale)
        scale = np.divide(small.size, picture.size[::-1])
        boxes = [digit.box for digit in digits if digit.box is not None]
        for box in boxes if len(boxes) > 1 else []:
            pencil.rectangle((np.reshape(box, (2, 2)) * scale).ravel().tolist(), outline=MARKED)
        panels.append(Panel(np.asarray(pale), "the ink found"))
    return panels


def draw(panels: list[Panel]) -> bytes:
    """Draw the first `MOST` panels in rows, each with its caption."""
    panels = panels[:MOST]
    columns = min(len(panels), ACROSS)
    rows = math.ceil(len(panels) / columns)
    lines = max(panel.caption.count("\n") for panel in panels) + 1
    with style():
        figure = Figure(figsize=(1.5 * columns, (1.5 + 0.16 * lines) * rows), layout="constrained")
        for index, panel in enumerate(panels):
            axes = figure.add_subplot(rows, columns, index + 1)
            axes.imshow(panel.picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            axes.set_xlabel(_fitting(panel.caption), fontsize=8, parse_math=False)
        return png(figure)


def _fitting(caption: str) -> str:
    """Keep the end of each line, in letters that the font has."""
    shown = "".join(one if ord(one) in letters() or one == "\n" else "?" for one in caption)
    return "\n".join(
        line if len(line) <= LETTERS else f"...{line[3 - LETTERS :]}" for line in shown.split("\n")
    )
