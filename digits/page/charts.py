"""The charts of the page, from the findings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from digits.page.findings import Findings, Model
from digits.page.svg import BOTTOM, LEFT, RIGHT, Chart, across, percent, upwards

CORRUPTIONS = {
    "shift": ("Moved", "pixels"),
    "rotation": ("Turned", "degrees"),
    "noise": ("With noise", "standard deviation; ink is 1"),
    "blur": ("Blurred", "standard deviation in pixels"),
    "contrast": ("Pale", "share of the contrast that is lost"),
    "inversion": ("Inverted", "share of the way to the negative"),
}
"""What a corruption is called, and what its severity is measured in."""

Points = Sequence[tuple[float, float]]


class Series(NamedTuple):
    """A line of the model at `place`, and what it is called."""

    name: str
    place: int
    points: Points
    look: str = "line"


def charts(findings: Findings) -> dict[str, Any]:
    """Return the drawings by the names that the templates use."""
    models = findings.models
    return {
        "accuracy": learning(models, "accuracy"),
        "loss": learning(models, "loss"),
        "recalls": recalls(models),
        "reliability": [reliability(model) for model in models],
        "robustness": robustness(models),
        "train": bars("Training digits", findings.described["train"]["examples"]),
        "test": bars("Test digits", findings.described["test"]["examples"]),
    }


def learning(models: Sequence[Model], metric: str) -> Chart:
    """Draw how a metric went from epoch to epoch, on held-out digits too if there were any."""
    series = []
    for model in models:
        series.append(Series(model.name, model.place, points(model.history, "epoch", metric)))
        if f"val_{metric}" in model.history:
            held_out = points(model.history, "epoch", f"val_{metric}")
            series.append(Series(f"{model.name} validation", model.place, held_out, "line dashed"))
    values = [y for line in series for _, y in line.points]
    ends = [f"{line.name} {line.points[-1][1]:.4f}" for line in series]
    title = f"{metric} after each epoch, at the end {', '.join(ends)}"
    if metric == "accuracy":
        return lines(title, series, "epoch", span(min(values)))
    return lines(title, series, "epoch", (0, max(values) * 1.05), "{:.2g}".format)


def lines(
    title: str,
    series: Sequence[Series],
    label: str,
    heights: tuple[float, float],
    show: Callable[[float], str] = percent,
) -> Chart:
    """Draw lines with markers. label: of the x axis. heights, show: of the y axis, its ends."""
    values = sorted({x for line in series for x, _ in line.points})
    at = values if len(values) <= 10 and label == "epoch" else None
    chart = Chart(title, across(values[0], values[-1], 8), upwards(*heights), label, at, show)
    for line in series:
        places = " ".join(f"{chart.x(a)},{chart.y(b)}" for a, b in line.points)
        chart.add("polyline", f"{line.look} model-{line.place}", {"points": places})
        for a, b in line.points:
            chart.marker(line.place, a, b, f"{line.name}, {label} {a:g}: {show(b)}")
    return chart


def span(least: float) -> tuple[float, float]:
    """Return an axis for shares that ends at 1 and begins at a round value below `least`."""
    step = next(s for s in (0.02, 0.05, 0.1, 0.25, 0.5, 1.0) if (1 - least) / s <= 5)
    return max(0.0, round(1 - step * -(-(1 - least) // step), 6)), 1.0


def points(table: pd.DataFrame, x: str, y: str) -> Points:
    """Return two columns of a table as points, rows with an empty cell left out."""
    return [(float(a), float(b)) for a, b in table[[x, y]].dropna().to_numpy()]


def recalls(models: Sequence[Model]) -> Chart:
    """Draw which digits each model finds: markers, those of a digit joined."""
    series = [(model, points(model.classes, "digit", "recall")) for model in models]
    low, high = span(min(y for _, line in series for _, y in line))
    digits = range(len(models[0].classes))
    x, y = across(0, len(digits) - 1), upwards(min(low, high - 0.1), high)
    chart = Chart("Recall of each digit", x, y, "digit", digits)
    for digit in digits:
        found = [share for _, line in series for number, share in line if number == digit]
        chart.line("joined", (x(digit), y(max(found))), (x(digit), y(min(found))))
    for model, line in series:
        for number, share in line:
            said = f"{model.name}, {number:g}: {share:.1%} found"
            chart.marker(model.place, number, share, said)
    return chart


def reliability(model: Model) -> Chart:
    """Draw how often a model is right when it is so and so sure: a dot, its area by the count."""
    filled = model.calibration[model.calibration["count"] > 0]
    title = f"Reliability of {model.name}: accuracy against confidence"
    x, y = across(0, 1, 0), upwards(0, 1)
    chart = Chart(title, x, y, "confidence", show_x=percent)
    chart.line("ideal", (x(0), y(0)), (x(1), y(1)))
    largest = filled["count"].max()
    for sure, right, count in filled[["confidence", "accuracy", "count"]].to_numpy().tolist():
        radius = round(2.5 + 8 * (count / largest) ** 0.5, 1)
        said = f"{count:,.0f} answers, {percent(sure)} sure: {percent(right)} right"
        place: dict[str, float | str] = {"cx": x(sure), "cy": y(right), "r": radius}
        chart.hint("circle", f"bubble model-{model.place}", place, said)
    return chart


def robustness(models: Sequence[Model]) -> list[dict[str, Any]]:
    """Draw, for each corruption, how accuracy falls with its severity."""
    plots = []
    for corruption in models[0].robustness["corruption"].unique():
        heading, unit = CORRUPTIONS.get(corruption, (corruption, "severity"))
        series = []
        for model in models:
            rows = model.robustness[model.robustness["corruption"] == corruption]
            series.append(Series(model.name, model.place, points(rows, "severity", "accuracy")))
        ends = ", ".join(f"{line.name} {percent(line.points[-1][1])}" for line in series)
        title = f"{heading}, accuracy against severity: {ends} in the end"
        drawing = lines(title, series, unit, (0, 1))
        plots.append({"heading": heading, "note": f"In the end: {ends}.", "drawing": drawing})
    return plots


def bars(title: str, examples: Mapping[str, int]) -> Chart:
    """Draw a bar for each digit's count, and a line at their mean."""
    counts = list(examples.values())
    x, y = across(0, len(counts) - 1), upwards(0, max(counts))
    chart = Chart(f"{title} of each kind", x, y, "digit", range(len(counts)), "{:,.0f}".format)
    for digit, count in enumerate(counts):
        size: dict[str, float | str] = {"x": x(digit) - 9, "y": y(count), "width": 18}
        size["height"] = round(BOTTOM - y(count), 1)
        chart.hint("rect", "column", size, f"{digit}: {count:,}")
    mean = y(sum(counts) / len(counts))
    chart.line("ideal", (LEFT, mean), (RIGHT, mean))
    return chart
