"""Lay out the charts of the page: parts.html.j2 draws them, page.css colours them.

A chart is 320 units wide, about what a telephone shows, so that its letters are never much smaller
than those of the text; on a wider screen several stand side by side.
"""

from collections.abc import Callable, Sequence
from math import ceil, floor
from typing import Any, NamedTuple

import pandas as pd

from digits.page.findings import Findings, Model

UNITS = {
    "shift": "pixels",
    "rotation": "degrees",
    "noise": "standard deviation; ink is 1",
    "blur": "standard deviation in pixels",
    "contrast": "share of the contrast that is lost",
    "inversion": "share of the way to the negative",
}
"""What the severity of a corruption is measured in."""
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
    """The first tick is drawn at `start`, the last at `end`, in units of the chart."""

    ticks: Sequence[float]
    start: float
    end: float
    show: Callable[[float], str]

    def __call__(self, value: float) -> float:
        """Return where `value` is drawn, to a tenth of a unit."""
        share = (value - self.ticks[0]) / ((self.ticks[-1] - self.ticks[0]) or 1)
        return round(self.start + share * (self.end - self.start), 1)


class Line(NamedTuple):
    """A line of the model at `place`; points: x, y, size of marker; style: "" for no line."""

    name: str
    place: int
    points: list[list[float]]
    style: str = "solid"


class Chart(NamedTuple):
    """A chart; the heading and the note are read aloud for it. label: of the x axis."""

    heading: str
    note: str
    label: str
    x: Axis
    y: Axis
    lines: list[Line]


def charts(findings: Findings) -> dict[str, list[Chart]]:
    """Return the charts by the names that the templates use."""
    models = findings.models
    corruptions = models[0].robustness_table["corruption"].unique()
    return {
        "learning": [learning_chart(models, metric) for metric in ("accuracy", "loss")],
        "calibration": [calibration_chart(model) for model in models],
        "robustness": [robustness_chart(models, corruption) for corruption in corruptions],
    }


def learning_chart(models: Sequence[Model], metric: str) -> Chart:
    """Draw a metric after each epoch, on the validation split too if there is one."""
    columns = ((metric, "", "solid"), (f"val_{metric}", " validation", "dashed"))
    lines = [
        Line(model.name + split, model.place, points(model.history, "epoch", column), style)
        for model in models
        for column, split, style in columns
        if column in model.history
    ]
    note = (
        "Training split; dashed: validation split" if len(lines) > len(models) else "Training split"
    )
    show = percent if metric == "accuracy" else "{:.2g}".format
    y = Axis(ticks([y for line in lines for _, y, _ in line.points]), 172, 12, show)
    heading = f"{metric.capitalize()} after each epoch"
    return line_chart(heading, f"{note}. After the last epoch", "epoch", y, lines)


def robustness_chart(models: Sequence[Model], corruption: str) -> Chart:
    """Draw accuracy by the severity of a corruption."""
    lines = []
    for model in models:
        rows = model.robustness_table[model.robustness_table["corruption"] == corruption]
        lines.append(Line(model.name, model.place, points(rows, "severity", "accuracy")))
    label = UNITS.get(corruption, "severity")
    return line_chart(corruption.capitalize(), "At the highest severity", label, SHARES, lines)


def line_chart(heading: str, note: str, label: str, y: Axis, lines: list[Line]) -> Chart:
    """Return a chart of lines; to the note is added where each ends."""
    ends = ", ".join(f"{line.name} {y.show(line.points[-1][1])}" for line in lines)
    x = Axis(ticks([x for line in lines for x, _, _ in line.points]), 50, 300, "{:g}".format)
    return Chart(heading, f"{note}: {ends}.", label, x, y, lines)


def calibration_chart(model: Model) -> Chart:
    """Draw accuracy by confidence: markers, sized by the number of answers."""
    table = model.calibration_table
    size = (0.6 + 2 * (table["count"] / table["count"].max()) ** 0.5).round(2)
    line = Line(model.name, model.place, points(table, "confidence", "accuracy", size), "")
    note = f"Calibration error: {model.scores['calibration_error']:.1%}."
    x = SHARES._replace(start=50, end=300)
    return Chart(f"Calibration of {model.name}", note, "confidence", x, SHARES, [line])


def points(table: pd.DataFrame, x: str, y: str, size: Any = 1) -> list[list[float]]:
    """Return two columns of a table as points, rows with an empty cell left out."""
    return table.assign(size=size)[[x, y, "size"]].dropna().to_numpy().tolist()


def ticks(values: Sequence[float]) -> list[float]:
    """Return round values around `values`, apart by 1, 2 or 5 times a power of ten."""
    low, high = min(values), max(values)
    least = (high - low) / 5 or 0.01
    power = float("1e" + f"{least:e}".partition("e")[2])  # exact, with every C library
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= least)
    return [round(i * step, 9) for i in range(floor(low / step), ceil(high / step) + 1)]


def percent(share: float) -> str:
    """Write a share to three digits."""
    return f"{100 * share:.3g}%"


SHARES = Axis(ticks([0, 1]), 172, 12, percent)
