"""Draw the pictures: each function returns the bytes of a PNG, the same for the same input.

They are drawn in one style, whatever the user's own matplotlibrc says: here it is.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 120

STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "legend.frameon": False,
    "lines.linewidth": 2,
    "figure.titleweight": "bold",
    "figure.titlesize": 13,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in this project's style: matplotlib's default, and STYLE."""
    with matplotlib.style.context(["default", STYLE]):
        yield


def picture_axes(axes: Axes) -> None:
    """Leave only the picture: no ticks, frame or grid."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def png(figure: Figure) -> bytes:
    """Render without the metadata that name the library's version."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI, metadata={"Software": None})
    return content.getvalue()
