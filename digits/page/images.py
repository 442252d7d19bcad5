"""The images and matrices that the page shows, and what its scripts need to know."""

import io
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from digits.evaluation.scoring import confusion_matrix
from digits.form import CLASSES, SIDE
from digits.page.findings import Findings, Model

COLUMNS = 32
"""Images in a row of the sheet."""
EACH = 24
"""Right answers in the page for each digit and model; of the mistakes there are all."""


def images(findings: Findings) -> dict[str, Any]:
    """Return what the templates name, `findings` also for the scripts; a matrix for each model."""
    train, labels, tested, actual = findings.dataset
    rows = chosen([model.predictions for model in findings.models], EACH)
    return {
        "side": SIDE,
        "sheet": sheet(tested[rows], COLUMNS),
        "samples": sheet(train[samples(labels)], CLASSES),
        "matrices": [matrix(model.predictions) for model in findings.models],
        "findings": {
            "columns": COLUMNS,
            "classes": CLASSES,
            "each": EACH,
            "actual": actual[rows].tolist(),
            "models": [embedded(model, rows) for model in findings.models],
        },
    }


def chosen(tables: Iterable[pd.DataFrame], each: int) -> list[int]:
    """Return the rows of every mistake of any model, and of its first right answers by digit."""
    rows: set[int] = set()
    for table in tables:
        right = table["actual"] == table["predicted"]
        rows.update(table.index[~right], table[right].groupby("actual").head(each).index)
    return sorted(rows)


def samples(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the rows of the first six images of each digit, by turns."""
    first = [np.flatnonzero(labels == digit)[:6] for digit in range(CLASSES)]
    return np.array([*zip(*first, strict=False)], np.int64).ravel()


def matrix(predictions: pd.DataFrame) -> dict[str, Any]:
    """Return the counts and, 0-1, how strongly each is to be coloured: by its square root.

    So one mistake is still seen beside fifty. Right answers are not coloured.
    """
    actual, predicted = predictions["actual"].to_numpy(), predictions["predicted"].to_numpy()
    counts = confusion_matrix(actual, predicted, CLASSES)
    wrong = counts * (1 - np.eye(CLASSES, dtype=np.int64))
    heat = np.sqrt(wrong / max(int(wrong.max()), 1))
    return {"counts": counts.tolist(), "heat": heat.round(3).tolist()}


def embedded(model: Model, rows: list[int]) -> dict[str, Any]:
    """Return a model's answers to `rows` and its layers."""
    some = model.predictions.iloc[rows]
    return {
        "name": model.name,
        **{column: some[column].tolist() for column in ("predicted", "confidence")},
        "layers": [
            {key: EMBEDDED[key](value) for key, value in layer._asdict().items()}
            for layer in model.network.stack
        ],
    }


def packed(weights: NDArray[Any]) -> str:
    """Return weights as base64 of little-endian float32, as they were trained, row after row."""
    return b64encode(np.ascontiguousarray(weights, "<f4").tobytes()).decode()


EMBEDDED: dict[str, Callable[[Any], Any]] = {
    "kernel": packed,
    "bias": packed,
    "activation": str,
    "scale": np.ndarray.tolist,  # few numbers, computed in float64
    "shift": np.ndarray.tolist,
}
"""How the page embeds what a layer of `digits.models.inference` consists of."""


def sheet(digits: NDArray[np.uint8], columns: int) -> str:
    """Lay images, uint8 (n, side, side), out in rows of `columns`; return a PNG as its address."""
    rows = max(1, -(-len(digits) // columns))
    tiles = np.zeros((rows * columns, SIDE, SIDE), np.uint8)
    tiles[: len(digits)] = digits
    grid = tiles.reshape(rows, columns, SIDE, SIDE).swapaxes(1, 2)
    content = io.BytesIO()
    Image.fromarray(grid.reshape(rows * SIDE, -1)).save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(content.getvalue()).decode()}"
