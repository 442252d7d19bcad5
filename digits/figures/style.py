"""Draw the pictures: each function returns the bytes of a PNG, the same for the same input."""

import io
import os
import warnings
from contextlib import AbstractContextManager

os.environ["MPLBACKEND"] = "agg"  # a notebook passes its own on, which need not be here

import matplotlib.style
from matplotlib.figure import Figure

STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}


def style() -> AbstractContextManager[None]:
    """Draw in this project's style, whatever the user's own matplotlibrc says."""
    return matplotlib.style.context(["default", STYLE])


def png(figure: Figure) -> bytes:
    """Render without the metadata that name the library's version."""
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # of a class's name: a box
        figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    return content.getvalue()
