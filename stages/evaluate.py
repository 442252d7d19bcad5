"""Evaluate both models on the test set: metrics, tables, pictures."""

import numpy as np
from numpy.typing import NDArray

from digits import models
from digits.blocks import in_order
from digits.calibration import reliability
from digits.errors import run
from digits.figures.confusion import confusion
from digits.figures.curves import calibration, learning_curves
from digits.figures.mistakes import confused_pairs, mistakes
from digits.files import read_csv, read_examples, write_bytes, write_csv, write_json
from digits.scoring import Answers, answers, by_class, confusion_matrix, joined, score
from digits.significance import compare

MODELS = ("basic", "hidden")
ROWS = 10_000
"""Examples in memory at a time: 31 MB of float32 images."""


def main() -> None:
    images, labels = examples = read_examples("data/processed/test")
    histories = {name: read_csv(f"metrics/history_{name}.csv") for name in MODELS}
    loaded = {name: models.load(f"models/{name}.keras") for name in MODELS}
    predict = {name: models.logits(model) for name, model in loaded.items()}
    parts: dict[str, list[Answers]] = {name: [] for name in MODELS}
    for block in in_order(examples, models.BATCH, ROWS):
        for name in MODELS:
            parts[name].append(answers(predict[name](block.images), block.labels))
    scores, predicted, curves = {}, {}, {}
    for name in MODELS:
        said = joined(parts.pop(name))
        predicted[name] = said.predicted
        scores[name] = score(said, labels)
        curves[name] = reliability(said.confidence, said.predicted == labels)
        write_csv(f"metrics/calibration_{name}.csv", curves[name])
        write_answers(name, images, labels, said)
        print(f"evaluate: {name}: {scores[name]['accuracy']:.2%} of {len(labels):,} test digits")
        del said  # or it would stay beside the next model's
    pair = compare(predicted["basic"] == labels, predicted["hidden"] == labels)
    write_json("metrics/evaluation.json", scores | {"hidden_vs_basic": pair})
    errors = {name: scores[name]["calibration_error"] for name in MODELS}
    write_bytes("metrics/calibration.png", calibration(curves, errors))
    write_bytes("metrics/confused_pairs.png", confused_pairs(images, labels, predicted))
    write_bytes("metrics/learning_curves.png", learning_curves(histories))


def write_answers(
    name: str, images: NDArray[np.float32], labels: NDArray[np.uint8], said: Answers
) -> None:
    """Write one model's answers, and what of each class was right and wrong."""
    predicted, confidence = said.predicted, said.confidence
    columns = {"actual": labels, "predicted": predicted, "confidence": confidence}
    write_csv(f"metrics/predictions_{name}.csv", columns)
    counts = confusion_matrix(labels, predicted)
    write_csv(f"metrics/classes_{name}.csv", by_class(counts))
    write_bytes(f"metrics/confusion_{name}.png", confusion(name, counts))
    wrong = mistakes(name, images, labels, predicted, confidence)
    write_bytes(f"metrics/mistakes_{name}.png", wrong)


if __name__ == "__main__":
    run(main)
