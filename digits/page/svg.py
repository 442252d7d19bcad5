"""Draw a chart as SVG: axes, grid, markers and lines, coloured by page.css.

A chart is 320 units wide, about what a telephone shows, so that its letters are never much smaller
than those of the text; on a wider screen several stand side by side.
"""

from collections.abc import Callable, Sequence
from math import floor, log10
from typing import NamedTuple
from xml.etree import ElementTree

WIDTH, HEIGHT = 320, 210
LEFT, RIGHT, TOP, BOTTOM = 42, 308, 12, 172
MARKS = (
    "M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z",  # disc
    "M-3.4-3.4h6.8v6.8h-6.8z",  # square
    "M0-4.6L4.5 3.4h-9z",  # triangle
    "M0-4.8L4.8 0L0 4.8L-4.8 0z",  # square on its corner
    "M0 4.6L4.5-3.4h-9z",  # triangle on its corner
    "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",  # cross
)
"""Outlines around (0, 0), one for each colour: for those who see no hue."""


def mark(place: int) -> str:
    """Return the outline of the marker of the model at `place` in the list."""
    return MARKS[place % len(MARKS)]


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


def across(low: float, high: float, margin: float = 14) -> Axis:
    """Return an x axis, of the length 1 if it would have none."""
    return Axis(low, high if high > low else low + 1, LEFT + margin, RIGHT - margin)


def upwards(low: float, high: float) -> Axis:
    """Return a y axis."""
    return Axis(low, high, BOTTOM, TOP)


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


class Chart:
    """A chart, its grid and ticks drawn. In a template it is its SVG."""

    def __init__(
        self,
        title: str,
        x: Axis,
        y: Axis,
        label: str,
        at: Sequence[float] | None = None,
        show: Callable[[float], str] = percent,
        show_x: Callable[[float], str] = "{:g}".format,
    ) -> None:
        """Begin it. title: for screen readers. label, at, show_x: of the x axis. show: of the y."""
        self.x, self.y, self.show = x, y, show
        view = {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "class": "chart", "role": "img"}
        self.svg = ElementTree.Element("svg", view | {"aria-label": title})
        for level in ticks(y.low, y.high):
            self.line("grid", (LEFT, y(level)), (RIGHT, y(level)))
            self.add("text", "end", {"x": LEFT - 6, "y": y(level) + 4}, show(level))
        for value in ticks(x.low, x.high) if at is None else at:
            self.add("text", "middle", {"x": x(value), "y": BOTTOM + 16}, show_x(value))
        self.add("text", "middle", {"x": (LEFT + RIGHT) / 2, "y": HEIGHT - 6}, label)

    def add(
        self, tag: str, look: str, attributes: dict[str, float | str], content: str = ""
    ) -> ElementTree.Element:
        """Add an element of the class `look`; `content` is escaped when it is written."""
        as_text = {key: f"{value}" for key, value in attributes.items()}
        child = ElementTree.SubElement(self.svg, tag, as_text | {"class": look})
        child.text = content or None
        return child

    def line(self, look: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Add a line between two places in units of the chart."""
        self.add("line", look, {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]})

    def hint(self, tag: str, look: str, attributes: dict[str, float | str], said: str) -> None:
        """Add an element that says more under the pointer."""
        ElementTree.SubElement(self.add(tag, look, attributes), "title").text = said

    def marker(self, place: int, x: float, y: float, said: str) -> None:
        """Add the marker of the model at `place`, at these values."""
        where = f"translate({self.x(x)},{self.y(y)})"
        self.hint("path", f"mark model-{place}", {"d": mark(place), "transform": where}, said)

    def __html__(self) -> str:
        """Return the SVG, all text escaped."""
        return ElementTree.tostring(self.svg, encoding="unicode")
