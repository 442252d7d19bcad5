"""Draw lines: how the models learned, and how far their confidence can be trusted."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter
from numpy.typing import NDArray

from digits.figures import OTHER, colour, png, style
from digits.significance import wilson_interval


def learning_curves(histories: Mapping[str, pd.DataFrame]) -> bytes:
    """Draw accuracy and loss after each epoch; dashed where measured on held-out examples."""
    with style():
        figure = Figure(figsize=(10, 4), layout="constrained")
        for axes, quantity in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
            for model, history in histories.items():
                for column, line in ((quantity, "-"), (f"val_{quantity}", "--")):
                    if column in history:
                        axes.plot(
                            history["epoch"],
                            history[column],
                            line,
                            marker="o",
                            color=colour(model),
                            label=f"{model}, {'validation' if line == '--' else 'training'}",
                        )
            axes.set(title=f"{quantity.capitalize()} after each epoch", xlabel="epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.legend()
            if quantity == "accuracy":
                axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return png(figure)


def calibration(
    curves: Mapping[str, Mapping[str, NDArray[np.float64]]], errors: Mapping[str, float]
) -> bytes:
    """Draw the reliability diagram: how often right, over how sure, and how many examples.

    curves: by model, as digits.calibration.reliability gives. errors: their calibration errors.
    """
    with style():
        figure = Figure(figsize=(6.6, 6.4), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        above.plot((0, 1), (0, 1), color=OTHER, linestyle=":", label="right as often as it says")
        for place, (model, curve) in enumerate(curves.items()):
            some = np.flatnonzero(curve["count"])
            above.plot(
                curve["confidence"][some],
                curve["accuracy"][some],
                marker="o",
                color=colour(model),
                label=f"{model}: off by {100 * errors[model]:.1f} points on average",
            )
            above.vlines(
                curve["confidence"][some], *intervals(curve, some), color=colour(model), alpha=0.4
            )
            width = (curve["high"] - curve["low"]) / (len(curves) + 0.5)
            below.bar(
                curve["low"] + (place + 0.25) * width,
                curve["count"],
                width,
                align="edge",
                color=colour(model),
            )
        above.set(
            title="How often the models are right, by how sure they are",
            ylabel="share of right answers (lines: 95% interval)",
            ylim=(0, 1.03),
        )
        below.set(xlabel="confidence in the answer", ylabel="digits", yscale="log", xlim=(0, 1))
        below.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        for axis in (above.xaxis, above.yaxis):
            axis.set_major_formatter(PercentFormatter(1))
        above.legend(loc="lower right")
        return png(figure)


def intervals(
    curve: Mapping[str, NDArray[np.float64]], bins: NDArray[np.intp]
) -> tuple[list[float], list[float]]:
    """Return the lower and the upper ends of the 95% intervals of the accuracy in some bins."""
    ends = [
        wilson_interval(round(curve["accuracy"][i] * curve["count"][i]), int(curve["count"][i]))
        for i in bins
    ]
    return [low for low, _ in ends], [high for _, high in ends]
