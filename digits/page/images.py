"""The images that the page shows, where each stands in the sheet, and what the scripts need."""

import io
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digits.evaluation.mistakes import percent, surest
from digits.evaluation.scoring import confusion_matrix
from digits.page.findings import Findings, Model

COLUMNS = 32
"""Images in a row of the sheet."""
EACH = 48
"""Right answers in the page for each digit and model; of the mistakes there are all."""
SUREST = 14
HARD = 3
SAMPLES = 6

Integers = NDArray[np.int64]


def images(findings: Findings) -> dict[str, Any]:
    """Return what the templates name: images, confusion matrices, the data for the scripts.

    What there is for each model is a list, in the order of the models.
    """
    models = findings.models
    classes = len(models[0].classes)
    actual, _ = answers(models[0])
    rows = chosen(actual, [answers(model)[1] for model in models], EACH)
    at = {int(row): place for place, row in enumerate(rows)}
    tried = [model for model in models if model.layers]
    return {
        "classes": classes,
        "side": findings.dataset.test_images.shape[1],
        "columns": COLUMNS,
        "sheet": sheet(findings.dataset.test_images[rows]),
        "samples": samples(*findings.dataset[:2], classes),
        "confusion": [matrix(confusion_matrix(*answers(model), classes)) for model in models],
        "surest": [surest_mistakes(model, at) for model in models],
        "tried": tried,
        "examples": examples(tried[-1], at) if tried else [],
        "findings": {
            "columns": COLUMNS,
            "classes": classes,
            "each": EACH,
            "actual": actual[rows].tolist(),
            "models": [embedded(model, rows) for model in models],
        },
    }


def answers(model: Model) -> tuple[Integers, Integers]:
    """Return the labels of the test images, and what the model takes them for."""
    return model.predictions["actual"].to_numpy(), model.predictions["predicted"].to_numpy()


def right_examples(actual: Integers, predicted: Integers, each: int) -> Integers:
    """Return the rows of the first `each` right answers for every digit."""
    rows = [np.flatnonzero((actual == d) & (predicted == d))[:each] for d in np.unique(actual)]
    return np.concatenate(rows)


def chosen(actual: Integers, predictions: Iterable[Integers], each: int) -> Integers:
    """Return the rows, in order, of every mistake of any model, and of `right_examples` of each."""
    rows = [np.zeros(0, np.int64)]
    for predicted in predictions:
        rows += [np.flatnonzero(actual != predicted), right_examples(actual, predicted, each)]
    return np.unique(np.concatenate(rows))


def surest_mistakes(model: Model, at: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return the most confident mistakes, the surest first. at: the place of a row's image."""
    actual, predicted = answers(model)
    confidence = model.predictions["confidence"].to_numpy()
    return [
        {
            "at": at[row],
            "actual": int(actual[row]),
            "predicted": int(predicted[row]),
            "sure": percent(confidence[row]),
        }
        for row in surest(actual, predicted, confidence)[:SUREST].tolist()
    ]


def examples(model: Model, at: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return what can be laid on the canvas: a right answer for each digit, some sure mistakes."""
    actual, predicted = answers(model)
    right = right_examples(actual, predicted, 1).tolist()
    easy = [{"at": at[row], "actual": int(actual[row])} for row in right]
    return easy + surest_mistakes(model, at)[:HARD]


def matrix(counts: Integers) -> dict[str, Any]:
    """Return the counts and, 0-1, how strongly each is to be coloured: by its square root.

    So one mistake is still seen beside fifty. Right answers are not coloured.
    """
    wrong = counts * (1 - np.eye(len(counts), dtype=np.int64))
    heat = np.sqrt(wrong / max(int(wrong.max()), 1))
    return {"counts": counts.tolist(), "heat": heat.round(3).tolist()}


def embedded(model: Model, rows: Integers) -> dict[str, Any]:
    """Return a model's answers to `rows` and its layers, for the scripts."""
    some = model.predictions.iloc[rows]
    return {
        "name": model.name,
        "predicted": some["predicted"].tolist(),
        "confidence": some["confidence"].tolist(),
        "layers": [
            {"kernel": packed(kernel), "bias": packed(bias), "activation": activation}
            for kernel, bias, activation in model.layers
        ],
    }


def packed(array: NDArray[Any]) -> str:
    """Return an array as base64 of little-endian float32, row after row."""
    return b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def samples(digits: NDArray[np.uint8], labels: NDArray[np.uint8], classes: int) -> str:
    """Return a sheet of the first images of each digit, a column a digit."""
    tiles = np.zeros((SAMPLES, classes, *digits.shape[1:]), np.uint8)
    for digit in range(classes):
        of_digit = np.flatnonzero(labels == digit)[:SAMPLES]
        tiles[: len(of_digit), digit] = digits[of_digit]
    return sheet(tiles.reshape(-1, *digits.shape[1:]), columns=classes)


def sheet(digits: NDArray[np.uint8], columns: int = COLUMNS) -> str:
    """Lay images, uint8 (n, side, side), out in rows of `columns`; return a PNG as its address."""
    side = digits.shape[1]
    rows = max(1, -(-len(digits) // columns))
    tiles = np.zeros((rows * columns, side, side), np.uint8)
    tiles[: len(digits)] = digits
    grid = tiles.reshape(rows, columns, side, side).swapaxes(1, 2)
    content = io.BytesIO()
    picture = Image.fromarray(grid.reshape(rows * side, columns * side))
    picture.save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(content.getvalue()).decode()}"
