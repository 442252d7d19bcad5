"""Findings of networks that nobody has trained: pages for any list of models, in a second."""

from functools import cache

import numpy as np
import pandas as pd

from digits.data.dataset import Dataset
from digits.evaluation.corruptions import CORRUPTIONS
from digits.evaluation.scoring import by_class, confusion_matrix, reliability
from digits.evaluation.uncertainty import fit_reference
from digits.inference.layers import Dense
from digits.inference.network import Network
from digits.page.findings import Findings, Model
from tests.conftest import info_of
from tests.strokes import draw


def dense(*activations, seed=0, units=16, pixels=784, classes=10):
    """Layers with random weights: one for each activation."""
    random = np.random.default_rng(seed)
    sizes = [pixels, *[units] * (len(activations) - 1), classes]
    return [
        Dense(
            random.normal(0, 2 / inputs**0.5, (inputs, outputs)).astype(np.float32),
            random.normal(0, 0.1, outputs).astype(np.float32),
            activation,
        )
        for inputs, outputs, activation in zip(sizes[:-1], sizes[1:], activations, strict=True)
    ]


def drawn(count, seed):
    """Digits as a pen draws them: uint8 (count, 28, 28), and their labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.uint8) % 10
    digits = [np.asarray(draw(digit, 28, paper=0, pen=255)) for digit in range(10)]
    moved = [np.roll(digits[label], random.integers(-3, 4, 2), (0, 1)) for label in labels]
    return np.array(moved), labels


@cache
def data(count):
    """A data set with `count` test digits, and its reference distribution."""
    dataset = Dataset(*drawn(100, seed=1), *drawn(count, seed=2))
    labels = dataset.test_labels
    return dataset, fit_reference(dataset, 10, {"any": lambda _: 8 * np.eye(10)[labels]})


def findings(models, count=200, validated=True, wrong=0.3):
    """Findings of `models`: by name, their layers; none for one that the page cannot compute.

    wrong: the share of test digits that every model is told to have got wrong.
    """
    dataset, reference = data(count)
    return Findings(
        models=[
            model(name, place, layers, dataset.test_labels, wrong, validated)
            for place, (name, layers) in enumerate(models.items())
        ],
        dataset=dataset,
        data=info_of(dataset),
        settings={"preprocess.limit": None, "robustness.shift": [1, 2]},
        reference=reference._replace(thresholds=dict.fromkeys(models, reference.thresholds["any"])),
    )


def model(name, place, layers, labels, wrong, validated):
    """Findings of one model; its answers are made up."""
    random = np.random.default_rng(place)
    predicted = labels.copy()
    missed = random.random(len(labels)) < wrong
    predicted[missed] = (labels[missed] + random.integers(1, 10, missed.sum())) % 10
    confidence = random.random(len(labels)).round(6)
    share = float(np.mean(~missed))
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"][: 4 if validated else 2]
    return Model(
        name=name,
        place=place,
        network=Network("Reshape, Conv2D(16), Dense(10)", 7850, layers, len),
        scores={
            "accuracy": share,
            "accuracy_low": share - 0.01,
            "accuracy_high": share + 0.01,
            "errors": int(missed.sum()),
            "calibration_error": 0.05,
            "against_baseline": {"fixed": 40 + place, "broke": 30, "mcnemar_p": 0.3},
        },
        robustness={
            "mean_accuracy": share / 2,
            "mean_accuracy_unseen": share / 3,
            "trained_on": ["shift", "noise"] if name == "card" else [],
        },
        history=pd.DataFrame(
            {"epoch": [1, 2, 3], **{c: [0.7 + place / 40, 0.8, 0.9] for c in columns}}
        ),
        predictions=pd.DataFrame(
            {"actual": labels, "predicted": predicted, "confidence": confidence}
        ),
        classes_table=pd.DataFrame(by_class(confusion_matrix(labels, predicted, 10))),
        calibration_table=pd.DataFrame(reliability(confidence, ~missed)),
        robustness_table=pd.DataFrame(
            [(c, s, 0.9 - s / 2 - place / 20) for c in CORRUPTIONS for s in (0.0, 0.5, 1.0)],
            columns=["corruption", "severity", "accuracy"],
        ),
    )
