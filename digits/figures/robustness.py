"""Draw how accuracy falls as images are spoiled."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from digits.figures import colour, png, show_digit, style

UNITS = {
    "shift": "pixels",
    "rotation": "degrees",
    "noise": "deviation (ink is 1)",
    "blur": "sigma, pixels",
    "contrast": "share lost",
    "inversion": "share",
}


def robustness(
    rows: Sequence[Mapping[str, Any]], models: Sequence[str], examples: Mapping[str, NDArray[Any]]
) -> bytes:
    """Draw a panel for each corruption: accuracy over severity, and a digit at its worst.

    rows: corruption, severity, and accuracy of each model. examples: (28, 28) for each corruption.
    """
    with style():
        figure = Figure(figsize=(10, 6.4), layout="constrained")
        figure.suptitle(
            "How accuracy falls as the test digits are spoiled (below: one of them at its worst)"
        )
        for axes, corruption in zip(figure.subplots(2, 3, sharey=True).flat, examples, strict=True):
            curve = [row for row in rows if row["corruption"] == corruption]
            line = "-" if len(curve) > 2 else ":"
            for model in models:
                axes.plot(
                    [row["severity"] for row in curve],
                    [row[model] for row in curve],
                    linestyle=line,
                    marker="o",
                    color=colour(model),
                    label=model,
                )
            axes.set(title=corruption, xlabel=UNITS[corruption], ylim=(0, 1.04))
            axes.yaxis.set_major_formatter(PercentFormatter(1))
            show_digit(axes.inset_axes((0.03, 0.04, 0.3, 0.3)), examples[corruption])
        axes.legend(loc="upper right")
        return png(figure)
