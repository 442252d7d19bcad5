"""What is printed of names and numbers: one line each, in tables of text or of Markdown."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tabulate import tabulate

NUMBER = re.compile(r"-|[-+]?\d[\d.,e+-]*%?")


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], markdown: bool = False) -> str:
    """Return a table; columns of numbers end at the right. `rows`: one or more."""
    cells = [[_escaped(str(cell)) if markdown else printable(cell) for cell in row] for row in rows]
    columns = zip(*cells, strict=True)
    align = ["right" if all(map(NUMBER.fullmatch, column)) else "left" for column in columns]
    form = "pipe" if markdown else "plain"
    text: str = tabulate(cells, head, form, disable_numparse=True, colalign=align)
    return text


def printable(text: object) -> str:
    """Keep to one line, whatever a name is made of."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))


def _escaped(text: str) -> str:
    """Keep to one cell, in which nothing is Markdown or HTML."""
    return re.sub(r"[\\`*<|]", r"\\\g<0>", printable(text))
