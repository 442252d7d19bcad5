"""The images and matrices that the page shows, and what its scripts need to know."""

import io
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from digits.data.info import FEW
from digits.evaluation.scoring import confusion_matrix
from digits.evaluation.uncertainty import AMBIGUITY, LEVELS, LOGSUMEXP, REASONS, reduced
from digits.inference.layers import Layer
from digits.page.findings import Findings, Model
from digits.pictures import preparing, single
from digits.pictures.prepared import Refusal

COLUMNS = 32
"""Images in a row of the sheet."""
EACH = 24
"""Right answers in the page for each class and model; of the mistakes there are all."""
LARGEST = 56
"""Pixels of the longer side beyond which an image is shown smaller."""


def images(findings: Findings) -> dict[str, Any]:
    """Return what the templates name, `findings` also for the scripts; a matrix for each model."""
    train, labels, tested, actual = findings.dataset
    classes = findings.data.classes
    counts = np.bincount(labels, minlength=len(classes))
    rows = chosen([model.predictions for model in findings.models], EACH)
    return {
        "sheet": sheet(tested[rows], COLUMNS),
        "samples": sheet(train[samples(labels, len(classes))], min(len(classes), FEW)),
        "examples": (int(counts.min()), int(counts.max())),
        "matrices": [matrix(model.predictions, len(classes)) for model in findings.models],
        "shown": FEW,
        "findings": {
            "columns": COLUMNS,
            "classes": classes,
            "actual": actual[rows].tolist(),
            "models": [embedded(model, rows) for model in findings.models],
        },
    }


def canvas(findings: Findings, lead: Model) -> dict[str, Any]:
    """Return what the scripts need beside that for the canvas: `lead` gives the main answer."""
    constants = vars(preparing) | vars(single)
    refusals = {one.name: str(one) for one in Refusal}
    refusals["BLOT"] = "a scribble or a blot: expected one digit, got ink without gaps"
    weights = {"levels": LEVELS, "ambiguity": AMBIGUITY, "logsumexp": LOGSUMEXP}
    return {
        "lead": lead.place,
        "preparing": {key: x for key, x in constants.items() if isinstance(x, int | float)},
        "refusals": {k: said.replace("digit", findings.data.noun) for k, said in refusals.items()},
        "reference": findings.reference.content() | weights | {"reasons": REASONS},
    }


def chosen(tables: Iterable[pd.DataFrame], each: int) -> list[int]:
    """Return the rows of every mistake of any model, and of its first right answers by class."""
    rows: set[int] = set()
    for table in tables:
        right = table["actual"] == table["predicted"]
        rows.update(table.index[~right], table[right].groupby("actual").head(each).index)
    return sorted(rows)


def samples(labels: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Return the rows of the first six images of each of the first classes, by turns."""
    first = [np.flatnonzero(labels == label)[:6] for label in range(min(classes, FEW))]
    return np.array([*zip(*first, strict=False)], np.int64).ravel()


def matrix(predictions: pd.DataFrame, classes: int) -> dict[str, Any]:
    """Return the counts, and of the most frequent mistakes: actual class, predicted one, count."""
    actual, predicted = predictions["actual"].to_numpy(), predictions["predicted"].to_numpy()
    counts = confusion_matrix(actual, predicted, classes)
    wrong = counts * (1 - np.eye(classes, dtype=np.int64))
    most = np.argsort(-wrong, axis=None, kind="stable")[:FEW]
    frequent = [(*divmod(int(cell), classes), int(wrong.flat[cell])) for cell in most]
    return {"counts": counts.tolist(), "frequent": [pair for pair in frequent if pair[2]]}


def embedded(model: Model, rows: list[int]) -> dict[str, Any]:
    """Return a model's answers to `rows` and its layers, as models.js takes them."""
    some = model.predictions.iloc[rows]
    answers = {column: some[column].tolist() for column in ("predicted", "confidence")}
    return {"name": model.name, **answers, "layers": embedded_layers(model.network.stack)}


def embedded_layers(stack: list[Layer]) -> list[dict[str, Any]]:
    """Return layers: kernels as base64 of little-endian float32, row after row, else lists."""
    layers = [layer._asdict() for layer in stack]
    for layer in layers:
        for key, value in layer.items():
            layer[key] = np.asarray(value).tolist()
        if "kernel" in layer:
            layer["kernel"] = b64encode(np.asarray(layer["kernel"], "<f4").tobytes()).decode()
    return layers


def sheet(images: NDArray[np.uint8], columns: int) -> str:
    """Lay images, uint8 (n, *shape), out in rows of `columns`; return a PNG's address."""
    small = reduced(images, LARGEST).astype(np.uint8)
    blank = np.zeros((-len(small) % columns, *small.shape[1:]), np.uint8)
    rows = np.concatenate([small, blank]).reshape(-1, columns, *small.shape[1:])
    content = io.BytesIO()
    whole = Image.fromarray(np.vstack([np.hstack(row) for row in rows]))
    whole.save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(content.getvalue()).decode()}"
