"""Messages about a picture, or a drawing on the page's canvas, that is not of one digit."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a picture is refused. The canvas uses only the first four messages."""

    BLANK = "blank: expected one digit, got no ink"
    DOT = "a dot: expected one digit, got a speck of ink"
    SEVERAL = "two digits? expected one, got several side by side"
    WIDE = "two digits? expected one, got something far wider than high"
    LINES = "lines: expected one digit, got no ink that can be told from the lines of the paper"
    EDGE = "touches the edge: expected a whole digit, got one that the picture's edge cuts"
    LARGE = "too large: expected a digit, got ink far larger than the others"
    PALE = "too pale: expected a digit, got ink far paler than the others"
    BAR = "a line: expected a digit, got a stroke far wider than high"
    SCATTERED = "scattered: expected one digit, got marks all over the picture"

    @property
    def short(self) -> str:
        """What stands before the colon."""
        return self.partition(":")[0]


NO_DIGIT = (Refusal.DOT, Refusal.BAR)
"""What is left out of a page and is surely no digit."""
