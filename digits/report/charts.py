"""Draw the charts of the page: each function returns an SVG, coloured by page.css."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from digits.report.svg import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Axis,
    add,
    frame,
    mark,
    percent,
    text,
    ticks,
)

Points = Sequence[tuple[float, float]]


def lines(
    title: str,
    series: dict[str, Points],
    x_label: str,
    span: tuple[float, float],
    show: Callable[[float], str] = percent,
    at: Sequence[float] | None = None,
) -> Markup:
    """Draw a line with markers for each of `series`, whose name is its class.

    span: of the y axis. show: how its values are written. at: the ticks of the x axis.
    """
    values = [x for points in series.values() for x, _ in points]
    low, high = min(values), max(values)
    x = Axis(low, high if high > low else low + 1, LEFT + 10, RIGHT - 4)
    y = Axis(*span, BOTTOM, TOP)
    svg = frame(title, x, y, at or ticks(x.low, x.high), x_label, show)
    for name, points in series.items():
        places = " ".join(f"{x(a)},{y(b)}" for a, b in points)
        add(svg, "polyline", {"points": places, "class": f"line {name}"})
        for a, b in points:
            mark(svg, name, x(a), y(b), f"{name}, {x_label} {a:g}: {show(b)}")
    return text(svg)


def reliability(title: str, name: str, bins: Sequence[tuple[float, float, int]]) -> Markup:
    """Draw accuracy against confidence; bins: (confidence, accuracy, count), area by count."""
    x, y = Axis(0, 1, LEFT, RIGHT), Axis(0, 1, BOTTOM, TOP)
    svg = frame(title, x, y, ticks(0, 1), "confidence", percent, percent)
    diagonal = {"x1": x(0), "y1": y(0), "x2": x(1), "y2": y(1), "class": "ideal"}
    add(svg, "line", diagonal)
    largest = max(count for *_, count in bins)
    for confidence, accuracy, count in bins:
        radius = 2.5 + 8 * (count / largest) ** 0.5
        place = {"cx": x(confidence), "cy": y(accuracy), "r": round(radius, 1)}
        circle = add(svg, "circle", place | {"class": f"bubble {name}"})
        said = f"{count:,} answers, {percent(confidence)} sure: {percent(accuracy)} right"
        add(circle, "title", {}, said)
    return text(svg)


def recalls(title: str, series: dict[str, Points], low: float) -> Markup:
    """Draw a marker for each digit and each of `series`: (digit, recall), from `low` to 1.

    The same digits in all of `series`; they are joined.
    """
    x, y = Axis(0, 9, LEFT + 14, RIGHT - 14), Axis(low, 1, BOTTOM, TOP)
    svg = frame(title, x, y, range(10), "digit", percent)
    for pair in zip(*series.values(), strict=True):
        heights = [y(recall) for _, recall in pair]
        ends = {"y1": min(heights), "y2": max(heights)}
        add(svg, "line", {"x1": x(pair[0][0]), "x2": x(pair[0][0]), "class": "pair"} | ends)
    for name, points in series.items():
        for number, recall in points:
            mark(svg, name, x(number), y(recall), f"{name}, {number:g}: {recall:.1%} found")
    return text(svg)


def bars(title: str, counts: Sequence[int]) -> Markup:
    """Draw a bar for each digit's count, and a line at their mean."""
    x, y = Axis(0, 9, LEFT + 14, RIGHT - 14), Axis(0, max(counts), BOTTOM, TOP)
    svg = frame(title, x, y, range(10), "digit", "{:,.0f}".format)
    for digit, count in enumerate(counts):
        size = {
            "x": x(digit) - 9,
            "width": 18,
            "y": y(count),
            "height": round(BOTTOM - y(count), 1),
        }
        add(add(svg, "rect", size | {"class": "column"}), "title", {}, f"{digit}: {count:,}")
    mean = y(sum(counts) / len(counts))
    add(svg, "line", {"x1": LEFT, "x2": RIGHT, "y1": mean, "y2": mean, "class": "ideal"})
    return text(svg)
