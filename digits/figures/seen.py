"""Draw pictures, the ink that was found in them, and the images that the models read."""

import io
import math
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from digits.figures.style import letters, png, style
from digits.pictures.prepared import Box, Detected
from digits.pictures.reading import Picture

ACROSS = 6
PANELS = 300  # panels of a figure, at most
LETTERS = 18  # letters of a line of a caption, at most
SIDE = 240  # pixels of the longer side of a picture in its panel
MARKED, SURE, NONE = (213, 94, 0), (0, 90, 160), (150, 150, 150)
"""Colours of ink and of digits with doubts, of digits without, and of marks that are no digits."""
READABLE = 48  # pixels of a usual digit's height on a drawn page
LEAST, MOST = 800, 4000  # pixels of the longer side of a drawn page


class Panel(NamedTuple):
    """An image, uint8 (height, width) or (height, width, 3), and the lines below it."""

    picture: NDArray[np.uint8]
    caption: str


class Labelled(NamedTuple):
    """A mark on a page: its box in the file's pixels, its number and answer, and doubts."""

    box: Box
    label: str
    said: str


class Page(NamedTuple):
    """A picture, a line about it, and its marks."""

    title: str
    picture: Picture
    marks: list[Labelled]


def picture_panels(file: str, found: Detected) -> list[Panel]:
    """Return a panel of a picture, and one in which the ink of its digits is marked."""
    small = _colours(found.picture)
    small.thumbnail((SIDE, SIDE))
    panels = [Panel(np.asarray(small), file)]
    if found.ink is not None:
        ink = Image.fromarray(np.uint8(255) * found.ink)
        pale = _pale(small)
        pale.paste(MARKED, mask=ink.resize(small.size, Image.Resampling.BOX))
        panels.append(Panel(np.asarray(pale), "the ink found"))
    return panels


def draw_pages(pages: list[Page]) -> bytes:
    """Draw pages one below the other, each with its marks, and what is said about these below."""
    drawn = [_drawn(page) for page in pages]
    size = max(one.width for one in drawn), sum(one.height for one in drawn)
    whole = Image.new("RGB", size, "white")
    top = 0
    for one in drawn:
        whole.paste(one, (0, top))
        top += one.height
    content = io.BytesIO()
    whole.save(content, "png")
    return content.getvalue()


def _drawn(page: Page) -> Image.Image:
    """Draw the boxes of marks, enlarged so that their numbers can be read."""
    heights = [mark.box[3] - mark.box[1] for mark in page.marks] or [READABLE]
    high, wide = page.picture.size
    scale = min(max(READABLE / np.median(heights), LEAST / max(high, wide)), MOST / max(high, wide))
    size = round(wide * scale), round(high * scale)
    image = _pale(_colours(page.picture).resize(size, Image.Resampling.BILINEAR))
    font = ImageFont.load_default(READABLE // 3)
    pencil = ImageDraw.Draw(image)
    for mark in page.marks:
        left, top, right, bottom = (end * scale for end in mark.box)
        colour = MARKED if mark.said else SURE if mark.label else NONE
        pencil.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=colour, width=2)
        pencil.text((left - 2, top - 3), mark.label, colour, font, anchor="lb")
    said = [page.title, *(f"{mark.label}, {mark.said}" for mark in page.marks if mark.said)]
    lines = "\n".join(said).encode("latin-1", "replace").decode("latin-1")
    left, top, right, bottom = map(math.ceil, pencil.multiline_textbbox((8, 8), lines, font))
    sheet = Image.new("RGB", (max(image.width, right + 8), image.height + bottom + 8), "white")
    sheet.paste(image)
    ImageDraw.Draw(sheet).multiline_text((8, image.height + 8), lines, "black", font)
    return sheet


def _colours(picture: Picture) -> Image.Image:
    levels = picture.grey.astype(np.uint8) if picture.colours is None else picture.colours
    return Image.fromarray(levels).convert("RGB")


def _pale(image: Image.Image) -> Image.Image:
    return Image.eval(image.convert("L"), lambda level: 128 + level // 2).convert("RGB")


def draw(panels: list[Panel]) -> bytes:
    """Draw the first `PANELS` panels in rows, each with its caption."""
    panels = panels[:PANELS]
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
