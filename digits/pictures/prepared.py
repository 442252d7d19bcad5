"""What is found in a picture, and the images that a model reads of it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.pictures.preparing import Floats, ink_box
from digits.pictures.reading import Picture
from digits.pictures.refusals import Refusal

STEPS, SOFT = 20, 80
"""Sharpness is the 20th largest step between neighbours in the image, in grey levels. Below 80 a
picture is out of focus. 99.9 % of MNIST's have 146 or more; blurred until they have 80, 96 % are
read by the hidden model."""

Box = tuple[int, int, int, int]


class Mark(NamedTuple):
    """A mark in a picture that may be a digit.

    strokes: darkness, whole numbers, 0 paper to 255 ink, of the part of the picture whose first row
    and column `corner` names; doubts: why an answer may be wrong.
    """

    strokes: Floats
    corner: tuple[int, int] = (0, 0)
    doubts: tuple[str, ...] = ()


class PreparedImage(NamedTuple):
    """What a model reads of a picture, uint8 (height, width), and where it comes from.

    box: left, top, right and bottom in the file's own pixels, None if no digit is sought; row and
    column: its place on a page, from 1; doubts: why an answer may be wrong.
    """

    image: NDArray[np.uint8]
    box: Box | None = None
    doubts: tuple[str, ...] = ()
    row: int = 1
    column: int = 1


class Detected(NamedTuple):
    """A picture and what is read of it.

    images: in reading order; refused: why marks of a page are left out, and their boxes; ink: the
    pixels of digits in the reduced picture, None if no digit is sought.
    """

    picture: Picture
    images: list[PreparedImage]
    refused: list[tuple[Refusal, Box | None]]
    ink: NDArray[np.bool_] | None = None


def prepared(picture: Picture, mark: Mark, image: NDArray[np.uint8]) -> PreparedImage:
    """Return a mark's image with its box and doubts, one of which is a blur."""
    steps = [np.abs(np.diff(image.astype(np.int16), axis=axis)).ravel() for axis in (0, 1)]
    sharpness = np.sort(np.concatenate(steps))[-STEPS]
    rows, columns = (
        slice(side.start + start, side.stop + start)
        for side, start in zip(ink_box(mark.strokes), mark.corner, strict=True)
    )
    doubts = (*mark.doubts, "out of focus") if sharpness < SOFT else mark.doubts
    return PreparedImage(image, box_in_file(picture, rows, columns), doubts)


def box_in_file(picture: Picture, rows: slice, columns: slice) -> Box:
    """Return left, top, right and bottom in the file's own pixels."""
    down, across = np.divide(picture.size, picture.grey.shape)
    ends = (columns.start * across, rows.start * down, columns.stop * across, rows.stop * down)
    left, top, right, bottom = map(int, ends)
    return left, top, right, bottom
