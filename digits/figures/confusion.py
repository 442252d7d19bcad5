"""Draw confusion matrices."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digits.data.info import FEW, DatasetInfo, short
from digits.figures.style import png, style


def confusion(model: str, colour: str, counts: NDArray[np.int64], data: DatasetInfo) -> bytes:
    """Draw a confusion matrix with its counts: (classes, classes), row actual, column predicted.

    The colour is logarithmic, so that five mistakes are seen beside a thousand right answers.
    """
    total = int(counts.sum())
    few = len(counts) <= FEW
    names = [short(name) for name in data.classes] if few else []
    inches = max(7.0, 0.4 * len(counts)) if few else 9.0
    with style():
        figure = Figure(figsize=(inches, inches + 0.2), layout="constrained")
        axes = figure.add_subplot(aspect="equal")
        axes.pcolormesh(
            counts,
            cmap=LinearSegmentedColormap.from_list(model, ["white", colour]),
            norm=SymLogNorm(linthresh=1, vmin=0, vmax=max(int(counts.max()), 2)),
            linewidths=0.5 if few else 0,
            edgecolor="0.9",
        )
        axes.invert_yaxis()
        for (row, column), count in np.ndenumerate(counts if few else ()):
            ink = "white" if count > counts.max() / 4 else "black"
            text = axes.text(column + 0.5, row + 0.5, str(count), size=11, color=ink)
            text.set(ha="center", va="center")
        axes.set_title(
            f"{model}: {counts.trace() / max(total, 1):.2%} of {total:,} test {data.nouns} right"
        )
        what = "class" if data.noun == "image" else data.noun
        axes.set(xlabel=f"predicted {what}", ylabel=f"actual {what}")
        middles = np.arange(len(names)) + 0.5
        rotation = 90 if max(map(len, names), default=0) > 2 else 0
        axes.set_xticks(middles, names, rotation=rotation, parse_math=False)
        axes.set_yticks(middles, names, va="center", parse_math=False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return png(figure)
