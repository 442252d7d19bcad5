"""Draw how right the hidden model is at each of its sizes."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator, PercentFormatter, StrMethodFormatter

from digits.figures import OTHER, colour, png, style
from digits.significance import wilson_interval

PIXELS, CLASSES = 784, 10  # as digits.models, which is slow to import
LABELLED = 8
"""Points that have room for a label each."""


class Point(NamedTuple):
    """An experiment: the units it had, and how many of the validation examples it got right."""

    name: str
    units: int
    right: int
    examples: int

    @property
    def parameters(self) -> int:
        """Weights and biases of both layers."""
        return (PIXELS + 1) * self.units + (self.units + 1) * CLASSES

    @property
    def accuracy(self) -> float:
        """The share that is right, 0-1."""
        return self.right / self.examples

    @property
    def interval(self) -> tuple[float, float]:
        """The accuracy's 95% interval."""
        return wilson_interval(self.right, self.examples)


def smallest_as_good(points: Sequence[Point]) -> tuple[Point, Point]:
    """Return the smallest model whose accuracy is in the best one's interval, and the best."""
    best = max(points, key=lambda point: (point.accuracy, -point.units))
    within = (point for point in points if point.accuracy >= best.interval[0])
    return min(within, key=lambda point: point.units), best


def sweep(points: Sequence[Point]) -> bytes:
    """Draw accuracy over parameters, each with its 95% interval; shaded: the best one's.

    points: at least one, in any order.
    """
    points = sorted(points, key=lambda point: (point.units, point.accuracy))
    enough, best = smallest_as_good(points)
    sizes = [point.parameters for point in points]
    shares = [point.accuracy for point in points]
    ends = [point.interval for point in points]
    with style():
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        axes.axhspan(*best.interval, color=OTHER, alpha=0.12, linewidth=0)
        axes.errorbar(
            sizes,
            shares,
            yerr=[
                [share - low for share, (low, _) in zip(shares, ends, strict=True)],
                [high - share for share, (_, high) in zip(shares, ends, strict=True)],
            ],
            color=colour("hidden"),
            marker="o",
            capsize=4,
            elinewidth=1.5,
        )
        axes.set(
            xscale="log",
            title=_title(enough, best),
            xlabel="parameters of the hidden model, and units of its hidden layer",
            ylabel="validation accuracy (lines: 95% interval)",
        )
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        widths = sorted({(point.parameters, point.units) for point in points})
        if len(widths) <= LABELLED:
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xticks(
                [size for size, _ in widths], [f"{size:,}\n{units}" for size, units in widths]
            )
            for point in points:
                axes.annotate(
                    f"{point.accuracy:.2%}",
                    (point.parameters, point.interval[0]),
                    (0, -6),
                    textcoords="offset points",
                    ha="center",
                    va="top",
                    color=OTHER,
                    fontsize=9.5,
                )
            axes.margins(x=0.08, y=0.12)
        return png(figure)


def _title(enough: Point, best: Point) -> str:
    if enough.units == best.units:
        return f"{best.units:,} units do best; no fewer come within the interval (shaded)"
    return (
        f"{enough.units:,} units: already within the interval of the best, {best.units:,} (shaded)"
    )
