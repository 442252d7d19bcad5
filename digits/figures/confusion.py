"""Draw confusion matrices."""

import io

import matplotlib.style
import numpy as np
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digits.data.info import FEW, DatasetInfo, short
from digits.figures.font import labels

STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}
"""The style, whatever the user's own matplotlibrc says."""


def confusion(model: str, colour: str, counts: NDArray[np.int64], data: DatasetInfo) -> bytes:
    """Draw a confusion matrix with its counts: (classes, classes), row actual, column predicted.

    The colour is logarithmic, so that five mistakes are seen beside a thousand right answers.
    """
    total = int(counts.sum())
    accuracy = counts.trace() / max(total, 1)
    few = len(counts) <= FEW
    names = labels([*map(short, data.classes)]) if few else []
    inches = max(7.0, 0.4 * len(counts)) if few else 9.0
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(inches, inches + 0.2), layout="constrained")
        axes = figure.add_subplot()
        sns.heatmap(
            counts,
            ax=axes,
            annot=few,
            fmt="d",
            cmap=LinearSegmentedColormap.from_list(model, ["white", colour]),
            norm=SymLogNorm(linthresh=1, vmin=0, vmax=max(int(counts.max()), 2)),
            square=True,
            linewidths=0.5 if few else 0,
            linecolor="0.9",
            annot_kws={"size": 11},
            cbar=False,
            xticklabels=names or False,
            yticklabels=names or False,
        )
        for text, count in zip(axes.texts, counts.flat, strict=few):
            text.set_color("white" if count > counts.max() / 4 else "black")
        axes.set_title(f"{model}: {accuracy:.2%} of {total:,} test {data.nouns} right")
        what = "class" if data.noun == "image" else data.noun
        axes.set(xlabel=f"predicted {what}", ylabel=f"actual {what}")
        axes.tick_params(axis="both", rotation=0, length=0)
        axes.tick_params(axis="x", rotation=90 if max(map(len, names), default=0) > 2 else 0)
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set_parse_math(False)
        content = io.BytesIO()
        # without the metadata that name the library's version
        figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
        return content.getvalue()
