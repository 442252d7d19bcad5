"""What is printed of names and numbers: one line each, in tables of text or of Markdown."""

import re
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate


def table(head: Sequence[str], rows: list[list[Any]], markdown: bool = False) -> str:
    """Return a table: a column of names, and others that end at the right. `rows`: one or more."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if markdown:  # in which nothing in a cell is Markdown or HTML
        cells = [[re.sub(r"[\\`*<|]", r"\\\g<0>", cell) for cell in row] for row in cells]
    align = ["left", *["right"] * (len(head) - 1)]
    form = "pipe" if markdown else "plain"
    return tabulate(cells, head, form, disable_numparse=True, colalign=align)


def printable(text: object) -> str:
    """Keep to one line, whatever a name is made of."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))
