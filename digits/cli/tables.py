"""Tables of text or Markdown, and names that fit in one line."""

import re
from collections.abc import Sequence
from textwrap import fill
from typing import Any

from tabulate import tabulate

from digits.messages import isolated, printable


def table(head: Sequence[str], rows: list[list[Any]], markdown: bool = False) -> str:
    """Return a table: the first column aligned left, the others right. rows: one or more."""
    cells = [[isolated(printable(cell)) for cell in row] for row in rows]
    if markdown:  # in code, too, a bar would end the cell
        cells = [[as_markdown(cell).replace("|", "\\|") for cell in row] for row in cells]
    align = ["left", *["right"] * (len(head) - 1)]
    form = "pipe" if markdown else "plain"
    return tabulate(cells, head, form, disable_numparse=True, colalign=align)


def as_markdown(text: str) -> str:
    """Return text as code where Markdown may make a link, an image or a mention of it."""
    if re.fullmatch(r"[\w .,:;%()+/'-]*", text) and "//" not in text and "www." not in text:
        return text
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def paragraph(text: object) -> str:
    """Return text in lines of at most 80 columns."""
    return fill(printable(text), 80, break_on_hyphens=False, break_long_words=False)
