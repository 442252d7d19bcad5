"""Draw pictures, the digits that were found in them, and the images that the models read."""

import io
from collections.abc import Sequence
from functools import cache
from itertools import chain, islice
from typing import Any

import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont, ImageOps

from digits.figures.font import letters
from digits.pictures.prepared import NO_DIGIT, Detected

MARKED, SURE, NONE = (213, 94, 0), (0, 90, 160), (150, 150, 150)
"""Colours of ink and of digits with doubts, of digits without, and of marks that are no digits."""
READABLE = 48  # pixels of a usual digit's height on a drawn page
LEAST, MOST = 800, 4000  # pixels of the longer side of a drawn page
SIDE = 240  # pixels of the longer side of a picture of one digit, and of the image of it
ACROSS, SHEETS = 3, 300  # pictures of one digit in a row, and pictures in all, at most

Answers = Sequence[Sequence[dict[str, Any]]]
"""Of each image that was prepared: a row of `digits predict` for each model."""


def draw(
    shown: Sequence[tuple[str, Detected]], answers: Answers, is_ink: bool, every: bool
) -> bytes:
    """Draw how pictures were read, as PNG: of a page the boxes and answers of all marks.

    shown: a title and what was found; is_ink: images are ink, 0 paper; every: they are pages.
    """
    following, sheets = iter(answers), []
    for title, found in shown[:SHEETS]:
        given = [*islice(following, len(found.images))]
        image, lines = _page(found, given) if every else _single(found, given, is_ink)
        sheets.append(_captioned(image, [title, *lines]))
    wide, high = (max(sheet.size[axis] for sheet in sheets) for axis in (0, 1))
    across = 1 if every else min(ACROSS, len(sheets))
    whole = Image.new("RGB", (wide * across, high * -(-len(sheets) // across)), "white")
    for index, sheet in enumerate(sheets):
        whole.paste(sheet, (index % across * wide, index // across * high))
    content = io.BytesIO()
    whole.save(content, "png")
    return content.getvalue()


def _single(found: Detected, answers: Answers, is_ink: bool) -> tuple[Image.Image, list[str]]:
    """Draw the ink of a picture, and beside it the image that the models read."""
    sheet = Image.new("RGB", (2 * SIDE, SIDE), "white")
    sheet.paste(ImageOps.contain(_pale(found), (SIDE, SIDE)))
    for one in found.images:
        image = Image.fromarray(255 - one.image if is_ink else one.image)
        sheet.paste(ImageOps.contain(image, (SIDE, SIDE), Image.Resampling.NEAREST), (SIDE, 0))
    rows = map(dict.values, chain(*answers))
    return sheet, [
        ", ".join([f"{model}: {answer} ({confidence:.0%})", *doubts])
        for _, model, answer, confidence, _, _, doubts, *_ in rows
    ]


def _page(found: Detected, answers: Answers) -> tuple[Image.Image, list[str]]:
    """Draw the boxes of marks on a page, enlarged so that their labels can be read."""
    marks: list[tuple[Any, str, str]] = [
        (box, "", "") if reason in NO_DIGIT else (box, reason.short, str(reason))
        for reason, box in found.refused
    ]
    for number, (one, rows) in enumerate(zip(found.images, answers, strict=True), 1):
        given = "/".join(dict.fromkeys(str([*row.values()][2]) for row in rows))
        doubts = ", ".join(dict.fromkeys(chain(*(row["doubts"] for row in rows))))
        said = f"{min(row['confidence'] for row in rows):.0%}, {doubts}" if doubts else ""
        marks.append((one.box, f"{number}: {given}{'?' * bool(said)}", said))
    heights = [bottom - top for (_, top, _, bottom), label, _ in marks if label] or [READABLE]
    long = max(found.picture.size)
    scale = min(max(READABLE / float(np.median(heights)), LEAST / long), MOST / long)
    high, wide = (round(side * scale) for side in found.picture.size)
    image = _pale(found).resize((wide, high), Image.Resampling.BILINEAR)
    pencil = ImageDraw.Draw(image)
    for box, label, said in marks:
        left, top, right, bottom = (end * scale for end in box)
        colour = MARKED if said else SURE if label else NONE
        pencil.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=colour, width=2)
        pencil.text((left - 2, top - 3), label, colour, _font(), anchor="lb")
    return image, [f"{label}, {said}" for _, label, said in marks if said]


def _pale(found: Detected) -> Image.Image:
    """Return a picture in pale grey, in which the ink of digits is marked."""
    image = Image.fromarray((128 + found.picture.grey / 2).astype(np.uint8)).convert("RGB")
    if found.ink is not None:
        image.paste(MARKED, mask=Image.fromarray(np.uint8(255) * found.ink))
    return image


def _captioned(image: Image.Image, lines: list[str]) -> Image.Image:
    """Write lines below an image, in letters that the font has."""
    shown = ("".join(one if ord(one) in letters() else "?" for one in line) for line in lines)
    text, start = "\n".join(shown), (8, image.height + 8)
    _, _, right, bottom = ImageDraw.Draw(image).multiline_textbbox(start, text, _font())
    sheet = Image.new("RGB", (max(image.width, int(right) + 8), int(bottom) + 8), "white")
    sheet.paste(image)
    ImageDraw.Draw(sheet).multiline_text(start, text, "black", _font())
    return sheet


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont("DejaVu Sans"), READABLE // 3)
