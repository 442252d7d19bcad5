"""Draw the pictures: each function returns the bytes of a PNG, the same for the same input."""

import io
import os
from contextlib import AbstractContextManager
from functools import cache

os.environ["MPLBACKEND"] = "agg"  # a notebook passes its own on, which need not be here

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}


def style() -> AbstractContextManager[None]:
    """Draw in this project's style, whatever the user's own matplotlibrc says."""
    return matplotlib.style.context(["default", STYLE])


@cache
def letters() -> frozenset[int]:
    """Return the code points that the font has: matplotlib's own, the same on every machine."""
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def labels(names: list[str]) -> list[str]:
    """Return the names, in place of each that the font cannot show "class" and its number."""
    return [
        name if letters().issuperset(map(ord, name)) else f"class {place}"
        for place, name in enumerate(names)
    ]


def png(figure: Figure) -> bytes:
    """Render without the metadata that name the library's version."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    return content.getvalue()
