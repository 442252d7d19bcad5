"""Draw the pictures: each function returns the bytes of a PNG, the same for the same input."""

import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

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


@contextmanager
def without_scipy() -> Iterator[None]:
    """Let seaborn be imported as where there is no scipy: it takes more time than all the rest.

    seaborn imports it if it can, for plots that are not drawn here.
    """
    absent = "scipy" not in sys.modules
    if absent:
        sys.modules["scipy"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if absent:
            del sys.modules["scipy"]


def png(figure: Figure) -> bytes:
    """Render without the metadata that name the library's version."""
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # of a class's name: a box
        figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    return content.getvalue()
