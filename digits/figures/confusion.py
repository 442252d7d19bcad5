"""Draw which digits are taken for which."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digits.figures import png, style, without_scipy

with without_scipy():
    import seaborn as sns


def confusion(model: str, colour: str, counts: NDArray[np.int64]) -> bytes:
    """Draw a confusion matrix with its counts: (classes, classes), row actual, column predicted.

    The colour is logarithmic, so that five mistakes are seen beside a thousand right answers.
    """
    total = int(counts.sum())
    accuracy = counts.trace() / max(total, 1)
    with style():
        figure = Figure(figsize=(7, 7.2), layout="constrained")
        axes = figure.add_subplot()
        sns.heatmap(
            counts,
            ax=axes,
            annot=True,
            fmt="d",
            cmap=LinearSegmentedColormap.from_list(model, ["white", colour]),
            norm=SymLogNorm(linthresh=1, vmin=0, vmax=max(int(counts.max()), 2)),
            square=True,
            linewidths=0.5,
            linecolor="0.9",
            annot_kws={"size": 11},
            cbar=False,
        )
        for text, count in zip(axes.texts, counts.flat, strict=True):
            text.set_color("white" if count > counts.max() / 4 else "black")
        axes.set_title(f"{model}: {accuracy:.2%} of {total:,} test digits right")
        axes.set(xlabel="predicted digit", ylabel="actual digit")
        axes.tick_params(axis="both", rotation=0, length=0)
        return png(figure)
