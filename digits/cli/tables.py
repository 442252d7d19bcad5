"""Tables of text or Markdown, and names that fit in one line."""

import re
from collections.abc import Sequence
from textwrap import fill
from typing import Any

from tabulate import tabulate


def table(head: Sequence[str], rows: list[list[Any]], markdown: bool = False) -> str:
    """Return a table: the first column aligned left, the others right. rows: one or more."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if markdown:  # nothing in a cell may be Markdown or HTML
        cells = [[re.sub(r"[\\`*<|\[\]!]", r"\\\g<0>", cell) for cell in row] for row in cells]
    align = ["left", *["right"] * (len(head) - 1)]
    form = "pipe" if markdown else "plain"
    return tabulate(cells, head, form, disable_numparse=True, colalign=align)


def paragraph(text: object) -> str:
    """Return text in lines of at most 80 columns."""
    return fill(printable(text), 80, break_on_hyphens=False, break_long_words=False)


def printable(text: object) -> str:
    """Return text in one line, with ? for what cannot be printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))
