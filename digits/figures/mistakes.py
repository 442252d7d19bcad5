"""Draw the mistakes themselves: the digits that a model got wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digits.figures import colour, picture_axes, png, style
from digits.mistakes import pairs, surest

ROWS, COLUMNS = 4, 8
PAIRS, EXAMPLES = 6, 6
FRAMED, PITCH = 30, 32
"""Pixels: the side of a digit with its frame, and from one such digit to the next."""


def mistakes(
    model: str,
    images: NDArray[np.float32],
    labels: NDArray[np.uint8],
    predicted: NDArray[Any],
    confidence: NDArray[np.float64],
) -> bytes:
    """Draw the wrong answers that `model` was surest of. images: (n, 784). The others: (n,)."""
    wrong = surest(labels, predicted, confidence)
    shown = wrong[: ROWS * COLUMNS]
    with style():
        figure = Figure(figsize=(COLUMNS * 1.15, ROWS * 1.55 + 0.9), layout="constrained")
        figure.suptitle(
            f"{model}: the {len(shown)} of its {len(wrong):,} mistakes that it was surest of\n"
            "actual → predicted, and its confidence"
            if len(wrong)
            else f"{model}: not one mistake"
        )
        for row, axes in enumerate(figure.subplots(ROWS, 1)):
            part = shown[row * COLUMNS : (row + 1) * COLUMNS]
            show_strip(axes, images[part], COLUMNS)
            for place, index in enumerate(part):
                answer = f"{labels[index]} → {predicted[index]}"
                middle = place * PITCH + FRAMED / 2
                axes.text(
                    middle, -3, answer, color=colour(model), ha="center", size=12, weight="bold"
                )
                axes.text(middle, FRAMED + 2, percent(confidence[index]), ha="center", va="top")
        return png(figure)


def percent(confidence: float) -> str:
    """Return a confidence as text that never claims to be certainty."""
    return "> 99.9%" if confidence >= 0.9995 else f"{confidence:.1%}"


def confused_pairs(
    images: NDArray[np.float32], labels: NDArray[np.uint8], predicted: Mapping[str, NDArray[Any]]
) -> bytes:
    """Draw examples of what each model confuses most. images: (n, 784). predicted: by model."""
    with style():
        figure = Figure(figsize=(11, PAIRS * 0.92 + 0.9), layout="constrained")
        figure.suptitle("What is confused most: actual → predicted, how often, and examples")
        for model, part in zip(
            predicted, figure.subfigures(1, len(predicted), squeeze=False).flat, strict=True
        ):
            part.suptitle(model, color=colour(model))
            found = pairs(labels, predicted[model])
            for place, axes in enumerate(part.subplots(PAIRS, 1)):
                if place >= len(found):
                    picture_axes(axes)
                    continue
                actual, answer, count = found[place]
                some = np.flatnonzero((labels == actual) & (predicted[model] == answer))
                show_strip(axes, images[some[:EXAMPLES]], EXAMPLES)
                axes.set_ylabel(
                    f"{actual} → {answer}\n{count} x", rotation=0, ha="right", va="center", size=12
                )
        return png(figure)


def show_strip(axes: Axes, images: NDArray[np.float32], places: int) -> None:
    """Show images, (n, 784), beside each other, each in a thin grey frame, with room for `places`.

    One picture: axes for each digit would take matplotlib six times as long.
    """
    row = np.zeros((FRAMED, places, PITCH), np.float32)
    for place, image in enumerate(images):
        row[:, place, :FRAMED] = 0.15
        row[1:-1, place, 1 : FRAMED - 1] = image.reshape(28, 28)
    strip = row.reshape(FRAMED, places * PITCH)
    axes.imshow(strip, cmap="gray_r", interpolation="nearest", vmin=0, vmax=1)
    picture_axes(axes)
