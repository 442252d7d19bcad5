"""The images that the page shows, where each stands in the sheet, and what the scripts need."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits.report.choices import chosen, most_confident, right_examples
from digits.report.findings import NAMES, Findings
from digits.report.sprites import COLUMNS, data_uri, packed, sheet
from digits.scoring import confusion_matrix

EACH = 48
"""Right answers in the page for each digit and model; of the mistakes there are all."""
SUREST = 14
HARD = 3
SAMPLES = 6


def pictures(findings: Findings) -> dict[str, Any]:
    """Return what the templates name: images, confusion matrices, the data for the scripts."""
    tables = findings.predictions
    actual = tables["basic"]["actual"].to_numpy()
    predicted = {name: tables[name]["predicted"].to_numpy() for name in NAMES}
    rows = chosen(actual, predicted.values(), EACH)
    place = {int(row): at for at, row in enumerate(rows)}
    surest = {name: surest_mistakes(tables[name], place) for name in NAMES}
    first = [int(row) for row in right_examples(actual, predicted["hidden"], 1)]
    examples = [{"at": place[row], "actual": int(actual[row]), "hard": ""} for row in first]
    return {
        "columns": COLUMNS,
        "sheet": data_uri(sheet(findings.dataset.test_images[rows])),
        "samples": data_uri(samples(*findings.dataset[:2])),
        "confusion": {name: matrix(confusion_matrix(actual, predicted[name])) for name in NAMES},
        "surest": surest,
        "examples": examples + [m | {"hard": "hidden"} for m in surest["hidden"][:HARD]],
        "findings": {
            "models": {name: embedded(findings.weights[name]) for name in NAMES},
            "columns": COLUMNS,
            "each": EACH,
            "images": {"actual": actual[rows].tolist()}
            | {name: tables[name].iloc[rows, 1:].to_dict("list") for name in NAMES},
        },
    }


def surest_mistakes(table: pd.DataFrame, place: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return the most confident mistakes, the surest first."""
    actual, predicted = table["actual"].to_numpy(), table["predicted"].to_numpy()
    confidence = table["confidence"].to_numpy()
    return [
        {
            "at": place[int(row)],
            "actual": int(actual[row]),
            "predicted": int(predicted[row]),
            "sure": sure(float(confidence[row])),
        }
        for row in most_confident(actual, predicted, confidence, SUREST)
    ]


def sure(confidence: float) -> str:
    """Write a confidence so that only certainty is 100%."""
    return ">99.9%" if 0.9995 <= confidence < 1 else f"{confidence:.1%}"


def samples(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    """Return a PNG of the first images of each digit, a column a digit."""
    tiles = np.zeros((SAMPLES, 10, *images.shape[1:]), np.uint8)
    for digit in range(10):
        of_digit = np.flatnonzero(labels == digit)[:SAMPLES]
        tiles[: len(of_digit), digit] = images[of_digit]
    return sheet(tiles.reshape(-1, *images.shape[1:]), columns=10)


def matrix(counts: NDArray[np.int64]) -> dict[str, Any]:
    """Return the counts and, 0-1, how strongly each is to be coloured: by its square root.

    So one mistake is still seen beside fifty. Right answers are not coloured.
    """
    wrong = counts * (1 - np.eye(10, dtype=np.int64))
    heat = np.sqrt(wrong / max(int(wrong.max()), 1))
    return {"counts": counts.tolist(), "heat": heat.round(3).tolist()}


def embedded(weights: list[NDArray[np.float32]]) -> list[dict[str, str]]:
    """Return a model's layers for the page's script."""
    pairs = zip(weights[::2], weights[1::2], strict=True)
    return [{"kernel": packed(kernel), "bias": packed(bias)} for kernel, bias in pairs]
