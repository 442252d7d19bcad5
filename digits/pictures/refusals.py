"""Messages about a picture, or a drawing on the page's canvas, that is not of one digit."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a picture is refused. The canvas uses only the first four messages."""

    BLANK = "blank: expected one digit, got no ink"
    DOT = "a dot: expected one digit, got a speck of ink"
    SEVERAL = "two digits? expected one, got several side by side"
    WIDE = "two digits? expected one, got something far wider than high"
    LINES = "lines: expected one digit, got no ink that can be told from the lines of the paper"
    BLURRED = "out of focus: expected strokes with edges, got a blur"
    SCATTERED = "scattered: expected one digit, got marks all over the picture"
