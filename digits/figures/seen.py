"""Draw pictures, the ink that was found in them, and the images that the models read."""

import io
import math
from collections.abc import Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from digits.figures.style import letters, png, style
from digits.pictures.prepared import Box, Detected
from digits.pictures.reading import Picture
from digits.pictures.refusals import NO_DIGIT

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


Answers = Sequence[Sequence[dict[str, Any]]]
"""Of each image that was prepared: a row of `digits predict` for each model."""


def draw_panels(shown: list[tuple[str, Detected]], answers: Answers, is_ink: bool) -> bytes:
    """Draw how each picture was prepared, what the models got, and their answers.

    shown: a title and what was found. is_ink: images are ink, 0 paper.
    """
    drawn: list[Panel] = []
    following = iter(answers)
    for title, found in shown:
        drawn += _picture_panels(title, found)
        for one in found.images:
            lines = [
                f"{model}: {answer} ({confidence:.0%}{', uncertain' * bool(why)})"
                for _, model, answer, confidence, _, _, why, *_ in map(dict.values, next(following))
            ]
            drawn.append(Panel(255 - one.image if is_ink else one.image, "\n".join(lines)))
    return draw(drawn)


def draw_pages(shown: list[tuple[str, Detected]], answers: Answers, is_ink: bool = True) -> bytes:
    """Draw pages with the number, the answers and the doubts of each mark."""
    following = iter(answers)
    drawn = []
    for title, found in shown:
        marks = [
            (box, "", "") if reason in NO_DIGIT else (box, reason.short, str(reason))
            for reason, box in found.refused
        ]
        for number, rows in enumerate(islice(following, len(found.images)), 1):
            given = "/".join(dict.fromkeys(str([*row.values()][2]) for row in rows))
            doubts = ", ".join(dict.fromkeys(chain(*(row["doubts"] for row in rows))))
            said = f"{min(row['confidence'] for row in rows):.0%}, {doubts}" if doubts else ""
            marks.append((rows[0]["box"], f"{number}: {given}{'?' * bool(said)}", said))
        drawn.append(_drawn(title, found.picture, marks))
    whole = Image.new("RGB", (max(one.width for one in drawn), sum(one.height for one in drawn)))
    for index, one in enumerate(drawn):
        whole.paste(one, (0, sum(above.height for above in drawn[:index])))
    content = io.BytesIO()
    whole.save(content, "png")
    return content.getvalue()


def _picture_panels(file: str, found: Detected) -> list[Panel]:
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


def _drawn(title: str, picture: Picture, marks: list[tuple[Box, str, str]]) -> Image.Image:
    """Draw the boxes of marks, enlarged so that their labels can be read, and what is said below.

    marks: box, label and doubt of each; the last two are empty for what is no digit.
    """
    heights = [bottom - top for (_, top, _, bottom), label, _ in marks if label] or [READABLE]
    long = max(picture.size)
    scale = min(max(READABLE / float(np.median(heights)), LEAST / long), MOST / long)
    high, wide = (round(side * scale) for side in picture.size)
    image = _pale(_colours(picture).resize((wide, high), Image.Resampling.BILINEAR))
    font, pencil = ImageFont.load_default(READABLE // 3), ImageDraw.Draw(image)
    for box, label, said in marks:
        left, top, right, bottom = (end * scale for end in box)
        colour = MARKED if said else SURE if label else NONE
        pencil.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=colour, width=2)
        pencil.text((left - 2, top - 3), label, colour, font, anchor="lb")
    lines = "\n".join([title, *(f"{label}, {said}" for _, label, said in marks if said)])
    lines = lines.encode("latin-1", "replace").decode("latin-1")
    _, _, right, bottom = map(math.ceil, pencil.multiline_textbbox((8, 8), lines, font))
    sheet = Image.new("RGB", (max(wide, right + 8), high + bottom + 8), "white")
    sheet.paste(image)
    ImageDraw.Draw(sheet).multiline_text((8, high + 8), lines, "black", font)
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
