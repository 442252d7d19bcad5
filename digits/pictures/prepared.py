"""What is found in a picture, why a picture is refused, and the images that a model reads of it."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.pictures.reading import Picture

Box = tuple[int, int, int, int]


class Refusal(StrEnum):
    """Why a picture is refused. The canvas uses only the first four messages."""

    BLANK = "blank: expected one digit, got no ink"
    DOT = "a dot: expected one digit, got a speck of ink"
    SEVERAL = "two digits? expected one, got several side by side"
    WIDE = "two digits? expected one, got something far wider than high"
    LINES = "lines: expected one digit, got no ink that can be told from the lines of the paper"
    EDGE = "touches the edge: expected a whole digit, got one that the picture's edge cuts"
    BAR = "a line: expected a digit, got a stroke far wider than high"

    @property
    def short(self) -> str:
        """What stands before the colon."""
        return self.partition(":")[0]


NO_DIGIT = (Refusal.DOT, Refusal.BAR)
"""What is left out of a page and is surely no digit."""


class Mark(NamedTuple):
    """A mark in a picture that may be a digit.

    strokes: darkness, whole numbers, 0 paper to 255 ink, of the part of the picture whose first row
    and column `corner` names; doubts: why an answer may be wrong.
    """

    strokes: NDArray[np.float64]
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
    refused: list[tuple[Refusal, Box]]
    ink: NDArray[np.bool_] | None = None


def box_in_file(picture: Picture, box: tuple[slice, slice], corner: tuple[int, int]) -> Box:
    """Return left, top, right and bottom in the file's own pixels; corner: where `box` begins."""
    (rows, columns), (y, x) = box, corner
    down, across = np.divide(picture.size, picture.grey.shape)
    left, right = int((columns.start + x) * across), int((columns.stop + x) * across)
    return left, int((rows.start + y) * down), right, int((rows.stop + y) * down)
