"""Time to the trained model, of every peer, for each model: `python -m benchmarks training`."""

import json
import sys
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import measure
from benchmarks.peers import AUGMENTED, CONVOLUTIONS, EPOCHS, HIDDEN, PEERS, imports
from digits.data.loading import read_examples

COLUMNS = ("peer", "model", "seconds", "epoch", "accuracy", "peak_mib")


def one(peer: str, model: str) -> dict[str, Any]:
    """Train once in this process, which does nothing else; return what it took."""
    imports(peer)
    images, labels = read_examples("train")
    if peer != "this project":  # which reads its files itself, within the time measured
        images, labels = np.array(images), np.array(labels)
    test_images, test_labels = read_examples("test")
    marks = [perf_counter()]
    predict = PEERS[peer][0](model, images, labels, lambda: marks.append(perf_counter()))
    end = perf_counter()
    epochs = np.diff(marks) if len(marks) > 1 else np.full(EPOCHS, (end - marks[0]) / EPOCHS)
    right = np.asarray(predict(test_images)) == test_labels
    return {
        "seconds": end - marks[0],
        "epoch": float(median(epochs[1:])),
        "accuracy": float(right.mean()),
    }


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure every peer in turn, `rounds` times over; return a row for each peer and model."""
    kinds = [(peer, model) for model in HIDDEN for peer in PEERS] + [("this project", AUGMENTED)]
    kinds.remove(("scikit-learn MLP", CONVOLUTIONS))  # it has none
    return measure.interleave(
        {kind: [sys.executable, "-m", "benchmarks.training", *kind] for kind in kinds},
        names=("peer", "model"),
        rounds=rounds,
    )


if __name__ == "__main__":
    print(json.dumps(one(*sys.argv[1:])))
