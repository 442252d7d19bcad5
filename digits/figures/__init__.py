"""Draw the pictures: each function returns the bytes of a PNG, the same for the same input.

They are drawn in one style, whatever the user's own matplotlibrc says: here it is.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 120

COLOURS = {"basic": "#D55E00", "hidden": "#0072B2"}
"""Of the models, in every picture: from the palette of Okabe and Ito, "Color universal design"
(2008), whose colours people with any kind of colour vision can tell apart."""
OTHER = "#595959"
"""Of what belongs to no model."""

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


def colour(model: str) -> str:
    """Return the colour of a model: its own, or grey for one that has none yet."""
    return COLOURS.get(model, OTHER)


def picture_axes(axes: Axes) -> None:
    """Leave only the picture: no ticks, frame or grid."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def show_digit(axes: Axes, image: Any) -> None:
    """Show one image, ink on paper, in a thin frame. image: (28, 28) or (784,), 0-1."""
    axes.imshow(image.reshape(28, 28), cmap="gray_r", interpolation="nearest", vmin=0, vmax=1)
    picture_axes(axes)
    for spine in axes.spines.values():
        spine.set(visible=True, color="0.8", linewidth=0.8)


def png(figure: Figure) -> bytes:
    """Render without the metadata that name the library's version."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI, metadata={"Software": None})
    return content.getvalue()
