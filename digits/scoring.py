"""Score predictions against labels."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.calibration import expected_calibration_error
from digits.significance import wilson_interval


class Answers(NamedTuple):
    """What a model says of n examples. All arrays: (n,)."""

    predicted: NDArray[np.uint8]
    confidence: NDArray[np.float64]
    """The probability of the predicted class."""
    loss: NDArray[np.float32]
    """The cross-entropy: -ln(probability of the label)."""


def score(answers: Answers, labels: NDArray[np.uint8]) -> dict[str, Any]:
    """Return the numbers that sum a model up, rounded so that the last bits do not show.

    labels: (n,). The interval of the accuracy is Wilson's, of 95 %; the loss is the mean over the
    examples, as Keras's is.
    """
    predicted = answers.predicted
    right = predicted == labels
    low, high = wilson_interval(int(right.sum()), len(labels))
    return {
        "accuracy": round(float(right.mean()), 6),
        "accuracy_low": round(low, 4),
        "accuracy_high": round(high, 4),
        "loss": round(float(answers.loss.mean(dtype=np.float64)), 4),
        "errors": int(np.sum(~right)),
        "macro_f1": round(macro_f1(confusion_matrix(labels, predicted)), 4),
        "calibration_error": round(expected_calibration_error(answers.confidence, right), 4),
    }


def answers(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> Answers:
    """Return what the logits, (n, 10), say of the examples with these labels, (n,)."""
    chances = probabilities(logits)
    loss = -np.log(chances[np.arange(len(labels)), labels])
    predicted = logits.argmax(axis=1).astype(np.uint8)
    return Answers(predicted, chances.max(axis=1), loss.astype(np.float32))


def joined(parts: Iterable[Answers]) -> Answers:
    """Return the answers to one block of examples after the other as one."""
    return Answers(*map(np.concatenate, zip(*parts, strict=True)))


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Turn logits (n, 10) into probabilities that add up to 1 in each row: their softmax.

    In terms of the sigmoid outputs p: the odds p / (1 - p), divided by their sum. This, and not
    p divided by its sum, is what the models are trained for: Keras keeps the logits of a sigmoid
    beside its output, and the sparse categorical cross-entropy takes them when it finds them
    (`_keras_logits`, in keras/src/activations/activations.py and backend/tensorflow/nn.py).
    """
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    softmax: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return softmax


def confusion_matrix(
    actual: NDArray[Any], predicted: NDArray[Any], classes: int = 10
) -> NDArray[np.int64]:
    """Count (classes, classes): row the actual digit, column the predicted one."""
    cell = actual.astype(np.uint16) * classes + predicted
    counts = np.bincount(cell, minlength=classes**2)
    return counts.astype(np.int64).reshape(classes, classes)


def by_class(counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return precision, recall, F1 and support of each class. counts: row actual, column predicted.

    0 stands for 0/0: the precision of a class that is never predicted, the recall of one without
    examples.
    """
    right, support, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return {
        "digit": np.arange(len(counts)),
        "precision": right / np.maximum(predicted, 1),
        "recall": right / np.maximum(support, 1),
        "f1": 2 * right / np.maximum(support + predicted, 1),
        "support": support,
    }


def macro_f1(counts: NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that have examples or were predicted."""
    seen = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return float(by_class(counts)["f1"][seen].mean())
