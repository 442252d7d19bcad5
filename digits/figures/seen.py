"""Draw how pictures were read: each, the ink found in it, and what the models saw of it."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digits.figures.style import png, style
from digits.pictures import PreparedImage

ACROSS = 6
MOST = 300
"""Panels drawn; a larger figure is of no use to anyone."""
LETTERS = 18
"""Letters of a caption's line that have room beneath a panel."""
SIDE = 240
"""Pixels of a picture's longer side as it is drawn."""
MARKED = (213, 94, 0)
"""The colour of the ink that was found, and of the boxes around it."""


class Panel(NamedTuple):
    """A picture, uint8 (height, width) or (height, width, 3), and the lines beneath it."""

    picture: NDArray[np.uint8]
    caption: str


def steps(file: str, seen: list[PreparedImage]) -> list[Panel]:
    """Return a file's picture, and the ink of its digits, marked; both small."""
    picture = seen[0].picture
    assert picture is not None
    levels = picture.grey.astype(np.uint8) if picture.colours is None else picture.colours
    small = Image.fromarray(levels).convert("RGB")
    small.thumbnail((SIDE, SIDE))
    panels = [Panel(np.asarray(small), file)]
    inks = [one.ink for one in seen if one.ink is not None]
    if inks:
        marked = Image.blend(
            small.convert("L").convert("RGB"), Image.new("RGB", small.size, "white"), 0.5
        )
        ink = np.any(inks, axis=0)
        mask = Image.fromarray(np.uint8(255) * ink).resize(small.size, Image.Resampling.BOX)
        marked.paste(MARKED, mask=mask)
        pencil = ImageDraw.Draw(marked)
        for one in seen if len(seen) > 1 else ():
            assert one.box is not None
            sizes = picture.size[::-1] * 2
            pencil.rectangle(
                [end * to / of for end, to, of in zip(one.box, small.size * 2, sizes, strict=True)],
                outline=MARKED,
            )
        panels.append(Panel(np.asarray(marked), "the ink found"))
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
    """Keep the end of each line, in letters that matplotlib's own font has."""
    lines = caption.encode("ascii", "replace").decode().splitlines()
    return "\n".join(
        line if len(line) <= LETTERS else f"...{line[3 - LETTERS :]}" for line in lines
    )
