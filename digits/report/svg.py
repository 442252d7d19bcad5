"""What the charts of the page are drawn with: axes, grid, markers, elements of SVG.

A chart is 320 units wide, about what a telephone shows, so that its letters are never much smaller
than those of the text; on a wider screen several stand side by side.
"""

from collections.abc import Callable, Sequence
from math import floor, log10
from typing import NamedTuple
from xml.etree import ElementTree

from markupsafe import Markup

WIDTH, HEIGHT = 320, 210
LEFT, RIGHT, TOP, BOTTOM = 42, 308, 12, 172


class Axis(NamedTuple):
    """A value from `low` to `high` is drawn between `start` and `end`, in units of the chart."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where `value` is drawn, to a tenth of a unit."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def percent(value: float) -> str:
    """Write a share as a whole percentage."""
    return f"{value:.0%}"


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round values between `low` and `high`: multiples of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10((high - low) / most))
    step = next(s * power for s in (1, 2, 5, 10) if (high - low) / (s * power) <= most)
    first = int(-(-low // step))
    count = floor((high - first * step) / step + 1e-9) + 1
    return [round((first + i) * step, 10) for i in range(count)]


def frame(
    title: str,
    x: Axis,
    y: Axis,
    at: Sequence[float],
    x_label: str,
    show: Callable[[float], str],
    show_x: Callable[[float], str] = "{:g}".format,
) -> ElementTree.Element:
    """Begin a chart: its title for screen readers, grid, ticks, the label of the x axis."""
    view = {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "class": "chart", "role": "img"}
    svg = ElementTree.Element("svg", view | {"aria-label": title})
    for level in ticks(y.low, y.high):
        add(svg, "line", {"x1": LEFT, "x2": RIGHT, "y1": y(level), "y2": y(level), "class": "grid"})
        add(svg, "text", {"x": LEFT - 6, "y": y(level) + 4, "class": "end"}, show(level))
    for value in at:
        add(svg, "text", {"x": x(value), "y": BOTTOM + 16, "class": "middle"}, show_x(value))
    label = {"x": (LEFT + RIGHT) / 2, "y": HEIGHT - 6, "class": "middle label"}
    add(svg, "text", label, x_label)
    return svg


def mark(svg: ElementTree.Element, name: str, x: float, y: float, said: str) -> None:
    """Add a marker: a disc for the basic model, else a square, for those who see no hue."""
    if name.startswith("basic"):
        shape = add(svg, "circle", {"cx": x, "cy": y, "r": 3.6, "class": f"mark {name}"})
    else:
        size = {"x": round(x - 3.4, 1), "y": round(y - 3.4, 1), "width": 6.8, "height": 6.8}
        shape = add(svg, "rect", size | {"class": f"mark {name}"})
    add(shape, "title", {}, said)


def add(
    parent: ElementTree.Element, tag: str, attributes: dict[str, object], content: str = ""
) -> ElementTree.Element:
    """Add an element, whatever it holds escaped when it is written."""
    as_text = {key: f"{value}" for key, value in attributes.items()}
    child = ElementTree.SubElement(parent, tag, as_text)
    child.text = content or None
    return child


def text(svg: ElementTree.Element) -> Markup:
    """Write the finished chart, which ElementTree has escaped."""
    return Markup(ElementTree.tostring(svg, encoding="unicode"))  # noqa: S704
