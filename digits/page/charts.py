"""The charts of the page: what is drawn where. parts.html.j2 draws it, page.css colours it.

A chart is 320 units wide, about what a telephone shows, so that its letters are never much smaller
than those of the text; on a wider screen several stand side by side.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor, log10
from typing import Any, NamedTuple

import pandas as pd

from digits.page.findings import Findings, Model

ACROSS, UPWARDS = (50, 300), (172, 12)
"""Where the axes begin and end, in units of the chart."""
CORRUPTIONS = {
    "shift": ("Moved", "pixels"),
    "rotation": ("Turned", "degrees"),
    "noise": ("With noise", "standard deviation; ink is 1"),
    "blur": ("Blurred", "standard deviation in pixels"),
    "contrast": ("Pale", "share of the contrast that is lost"),
    "inversion": ("Inverted", "share of the way to the negative"),
}
"""What a corruption is called, and what its severity is measured in."""
MARKS = (
    "M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z",  # disc
    "M-3.4-3.4h6.8v6.8h-6.8z",  # square
    "M0-4.6L4.5 3.4h-9z",  # triangle
    "M0-4.8L4.8 0L0 4.8L-4.8 0z",  # square on its corner
    "M0 4.6L4.5-3.4h-9z",  # triangle on its corner
    "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",  # cross
)
"""Outlines around (0, 0), one for each colour: for those who see no hue."""


class Axis(NamedTuple):
    """The first tick is drawn where `span` begins, the last where it ends."""

    ticks: Sequence[float]
    span: tuple[float, float]
    show: Callable[[float], str]

    def __call__(self, value: float) -> float:
        """Return where `value` is drawn, to a tenth of a unit."""
        (start, end), low, high = self.span, self.ticks[0], self.ticks[-1]
        share = (value - low) / ((high - low) or 1)
        return round(start + share * (end - start), 1)


class Line(NamedTuple):
    """What is drawn of the model at `place`: points (x, y, size of the marker)."""

    name: str
    place: int
    points: Sequence[Sequence[float]]
    look: str = "joined"


class Chart(NamedTuple):
    """A chart; the heading and the note are read aloud for it."""

    heading: str
    note: str
    label: str
    """Of the x axis."""
    x: Axis
    y: Axis
    lines: Sequence[Line]
    ideal: bool = False
    """Whether there is a diagonal, on which x is y."""


def changed(corruptions: Iterable[str]) -> list[str]:
    """Return what images are called that are spoiled so, within a sentence."""
    return [CORRUPTIONS.get(name, (name, ""))[0].lower() for name in corruptions]


def charts(findings: Findings) -> dict[str, Any]:
    """Return the charts by the names that the templates use."""
    models = findings.models
    corruptions = models[0].robustness["corruption"].unique()
    return {
        "accuracy": learning(models, "accuracy", "On the training images", percent),
        "loss": learning(models, "loss", "Cross-entropy, lower is better", "{:.2g}".format),
        "reliability": [reliability(model) for model in models],
        "robustness": [robustness(models, corruption) for corruption in corruptions],
    }


def learning(
    models: Sequence[Model], metric: str, said: str, show: Callable[[float], str]
) -> Chart:
    """Draw how a metric went from epoch to epoch, on held-out images too if there were any."""
    columns = ((metric, "", "joined"), (f"val_{metric}", " validation", "joined dashed"))
    lines = [
        Line(model.name + held_out, model.place, points(model.history, "epoch", column), look)
        for model in models
        for column, held_out, look in columns
        if column in model.history
    ]
    if len(lines) > len(models):
        said += ", dashed: held-out images"
    values = [y for line in lines for _, y, _ in line.points]
    y = Axis(levels(min(values), max(values)), UPWARDS, show)
    return curves(f"{metric.capitalize()} after each epoch", f"{said}. ", "epoch", y, lines)


def robustness(models: Sequence[Model], corruption: str) -> Chart:
    """Draw how accuracy falls with the severity of a corruption; between two points no line."""
    heading, unit = CORRUPTIONS.get(corruption, (corruption, "severity"))
    lines = []
    for model in models:
        rows = model.robustness[model.robustness["corruption"] == corruption]
        found = points(rows, "severity", "accuracy")
        lines.append(Line(model.name, model.place, found, "joined" if len(found) > 2 else ""))
    known = [model.name for model in models if corruption in model.trained_on]
    said = f"{' and '.join(known)} learned from such: no fair test. " if known else ""
    return curves(heading, said, unit, Axis(levels(0, 1), UPWARDS, percent), lines)


def curves(heading: str, said: str, label: str, y: Axis, lines: Sequence[Line]) -> Chart:
    """Return a chart of lines; its note says where each ends, and an axis where it begins."""
    if y.ticks[0] > 0:
        said += f"The axis begins at {y.show(y.ticks[0])}. "
    ends = ", ".join(f"{line.name} {y.show(line.points[-1][1])}" for line in lines)
    return Chart(heading, f"{said}In the end: {ends}.", label, steps(lines), y, lines)


def reliability(model: Model) -> Chart:
    """Draw how often a model is right when it is so and so sure: markers, sized by the count."""
    filled = model.calibration[model.calibration["count"] > 0]
    size = (0.6 + 2 * (filled["count"] / filled["count"].max()) ** 0.5).round(2)
    line = Line(model.name, model.place, points(filled, "confidence", "accuracy", size), "")
    x, y = (Axis(levels(0, 1), span, percent) for span in (ACROSS, UPWARDS))
    note = f"On average {100 * model.scores['calibration_error']:.1f} points off."
    return Chart(f"Reliability of {model.name}", note, "confidence", x, y, [line], ideal=True)


def points(table: pd.DataFrame, x: str, y: str, size: Any = 1) -> list[list[float]]:
    """Return two columns of a table as points, rows with an empty cell left out."""
    return table.assign(size=size)[[x, y, "size"]].dropna().to_numpy().tolist()


def steps(lines: Sequence[Line]) -> Axis:
    """Return an x axis with a tick for each value, or with round ones if these are many."""
    values = sorted({x for line in lines for x, _, _ in line.points})
    ticks = values if len(values) <= 8 else levels(values[0], values[-1])
    return Axis(ticks, ACROSS, "{:g}".format)


def levels(low: float, high: float) -> list[float]:
    """Return round values, `low` to `high` between them: by 1, 2 or 5 times a power of ten."""
    least = (high - low) / 5 or 0.01
    power = 10.0 ** floor(log10(least))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= least)
    return [round(i * step, 9) for i in range(floor(low / step), ceil(high / step) + 1)]


def percent(share: float) -> str:
    """Write a share to three digits."""
    return f"{100 * share:.3g}%"
