"""Draw the mistakes themselves: the digits that a model got wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digits.figures import colour, picture_axes, png, show_digit, style
from digits.mistakes import pairs, surest

ROWS, COLUMNS = 4, 8
PAIRS, EXAMPLES = 6, 6


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
        for place, axes in enumerate(figure.subplots(ROWS, COLUMNS).flat):
            if place >= len(shown):
                picture_axes(axes)
                continue
            index = shown[place]
            show_digit(axes, images[index])
            axes.set_title(
                f"{labels[index]} → {predicted[index]}", color=colour(model), loc="center"
            )
            axes.set_xlabel(percent(confidence[index]))
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
                picture_axes(axes)
                if place >= len(found):
                    continue
                actual, answer, count = found[place]
                some = np.flatnonzero((labels == actual) & (predicted[model] == answer))
                examples = strip(images[some[:EXAMPLES]])
                axes.imshow(examples, cmap="gray_r", interpolation="nearest", vmin=0, vmax=1)
                axes.set_ylabel(
                    f"{actual} → {answer}\n{count} x", rotation=0, ha="right", va="center", size=12
                )
        return png(figure)


def strip(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put up to EXAMPLES images, (n, 784), beside each other, each in a thin grey frame."""
    row = np.zeros((30, EXAMPLES, 32), np.float32)
    for place, image in enumerate(images):
        row[:, place, :30] = 0.2
        row[1:29, place, 1:29] = image.reshape(28, 28)
    return row.reshape(30, -1)
