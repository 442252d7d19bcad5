"""Evaluate both models on the test set: metrics, tables, pictures."""

import numpy as np
from numpy.typing import NDArray

from digits import models
from digits.calibration import reliability
from digits.errors import run
from digits.figures.confusion import confusion
from digits.figures.curves import calibration, learning_curves
from digits.figures.mistakes import confused_pairs, mistakes
from digits.files import read_csv, read_examples, write_bytes, write_csv, write_json
from digits.scoring import answers, by_class, confusion_matrix, score
from digits.significance import compare

MODELS = ("basic", "hidden")


def main() -> None:
    images, labels = read_examples("data/processed/test")
    histories = {name: read_csv(f"metrics/history_{name}.csv") for name in MODELS}
    loaded = {name: models.load(f"models/{name}.keras") for name in MODELS}
    scores, predicted, curves = {}, {}, {}
    for name, model in loaded.items():
        logits = models.logits(model, images)
        predicted[name], confidence = answers(logits)
        scores[name] = score(logits, labels)
        curves[name] = reliability(confidence, predicted[name] == labels)
        write_csv(f"metrics/calibration_{name}.csv", curves[name])
        write_answers(name, images, labels, predicted[name], confidence)
        print(f"evaluate: {name}: {scores[name]['accuracy']:.2%} of {len(labels):,} test digits")
    pair = compare(predicted["basic"] == labels, predicted["hidden"] == labels)
    write_json("metrics/evaluation.json", scores | {"hidden_vs_basic": pair})
    errors = {name: scores[name]["calibration_error"] for name in MODELS}
    write_bytes("metrics/calibration.png", calibration(curves, errors))
    write_bytes("metrics/confused_pairs.png", confused_pairs(images, labels, predicted))
    write_bytes("metrics/learning_curves.png", learning_curves(histories))


def write_answers(
    name: str,
    images: NDArray[np.float32],
    labels: NDArray[np.uint8],
    predicted: NDArray[np.intp],
    confidence: NDArray[np.float64],
) -> None:
    """Write one model's answers, and what of each class was right and wrong."""
    columns = {"actual": labels, "predicted": predicted, "confidence": confidence}
    write_csv(f"metrics/predictions_{name}.csv", columns)
    counts = confusion_matrix(labels, predicted)
    write_csv(f"metrics/classes_{name}.csv", by_class(counts))
    write_bytes(f"metrics/confusion_{name}.png", confusion(name, counts))
    wrong = mistakes(name, images, labels, predicted, confidence)
    write_bytes(f"metrics/mistakes_{name}.png", wrong)


if __name__ == "__main__":
    run(main)
