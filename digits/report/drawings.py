"""The charts of the page, from the findings."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from digits.report.charts import Points, bars, lines, recalls, reliability
from digits.report.findings import NAMES, Findings

CORRUPTIONS = {
    "shift": ("Moved", "pixels"),
    "rotation": ("Turned", "degrees"),
    "noise": ("With noise", "standard deviation; ink is 1"),
    "blur": ("Blurred", "standard deviation in pixels"),
    "contrast": ("Pale", "share of the contrast that is lost"),
    "inversion": ("Inverted", "share of the way to the negative"),
}
"""What a corruption is called, and what its severity is measured in."""


def charts(findings: Findings) -> dict[str, Any]:
    """Return the drawings by the names that the templates use."""
    test, train = (list(findings.described[s]["examples"].values()) for s in ("test", "train"))
    return {
        "accuracy": curves(findings, "accuracy"),
        "loss": curves(findings, "loss"),
        "recalls": recall(findings),
        "reliability": {name: calibration(name, findings.calibration[name]) for name in NAMES},
        "robustness": robustness(findings.robustness),
        "train": bars("Training digits of each kind", train),
        "test": bars("Test digits of each kind", test),
    }


def curves(findings: Findings, metric: str) -> Markup:
    """Draw how a metric went from epoch to epoch, on held-out digits too if there were any."""
    series: dict[str, Points] = {}
    for name in NAMES:
        table = findings.histories[name]
        series[name] = points(table, "epoch", metric)
        if f"val_{metric}" in table:
            series[f"{name} validation"] = points(table, "epoch", f"val_{metric}")
    values = [y for line in series.values() for _, y in line]
    epochs = [x for x, _ in series[NAMES[0]]]
    title = f"{metric} after each epoch: " + ", ".join(
        f"{name} {line[-1][1]:.4f} at the end" for name, line in series.items()
    )
    at = epochs if len(epochs) <= 10 else None
    if metric == "accuracy":
        return lines(title, series, "epoch", span(min(values)), at=at)
    return lines(title, series, "epoch", (0, max(values) * 1.05), "{:.2g}".format, at)


def span(least: float) -> tuple[float, float]:
    """Return an axis for shares that ends at 1 and begins at a round value below `least`."""
    step = next(s for s in (0.02, 0.05, 0.1, 0.25, 0.5, 1.0) if (1 - least) / s <= 5)
    return max(0.0, round(1 - step * -(-(1 - least) // step), 6)), 1.0


def points(table: pd.DataFrame, x: str, y: str) -> Points:
    """Return two columns of a table as points, rows with an empty cell left out."""
    return [(float(a), float(b)) for a, b in table[[x, y]].dropna().to_numpy()]


def recall(findings: Findings) -> Markup:
    """Draw which digits each model finds."""
    series = {name: points(findings.classes[name], "digit", "recall") for name in NAMES}
    low, high = span(min(y for line in series.values() for _, y in line))
    return recalls("Recall of each digit", series, min(low, high - 0.1))


def calibration(name: str, table: pd.DataFrame) -> Markup:
    """Draw how often a model is right when it is so and so sure."""
    filled = table[table["count"] > 0]
    columns = (filled[column].tolist() for column in ("confidence", "accuracy", "count"))
    title = f"Reliability of the {name} model: accuracy against confidence"
    return reliability(title, name, list(zip(*columns, strict=True)))


def robustness(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Draw, for each corruption, how accuracy falls with its severity."""
    plots = []
    for corruption, rows in table.groupby("corruption", sort=False):
        heading, unit = CORRUPTIONS.get(str(corruption), (str(corruption), "severity"))
        worst = rows.iloc[-1]
        ends = ", ".join(f"{name} {worst[name]:.0%}" for name in NAMES)
        series = {name: points(rows, "severity", name) for name in NAMES}
        drawing = lines(
            f"{heading}, accuracy against severity: {ends} in the end", series, unit, (0, 1)
        )
        plots.append({"heading": heading, "note": f"In the end: {ends}.", "drawing": drawing})
    return plots
