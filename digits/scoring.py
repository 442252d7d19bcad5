"""Score predictions against labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.calibration import expected_calibration_error
from digits.significance import wilson_interval


def score(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> dict[str, Any]:
    """Return the numbers that sum a model up, rounded so that the last bits do not show.

    logits: (n, 10), the values before the sigmoids. labels: (n,). The interval of the accuracy
    is Wilson's, of 95 %; the calibration error that of the softmax of the logits.
    """
    predicted, confidence = answers(logits)
    right = predicted == labels
    low, high = wilson_interval(int(right.sum()), len(labels))
    return {
        "accuracy": round(float(right.mean()), 6),
        "accuracy_low": round(low, 4),
        "accuracy_high": round(high, 4),
        "loss": round(cross_entropy(logits, labels), 4),
        "errors": int(np.sum(~right)),
        "macro_f1": round(macro_f1(confusion_matrix(labels, predicted)), 4),
        "calibration_error": round(expected_calibration_error(confidence, right), 4),
    }


def answers(logits: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the predicted class of each row of logits, and its probability: (n,) both."""
    return logits.argmax(axis=1), probabilities(logits).max(axis=1)


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


def cross_entropy(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the mean over the examples of -ln(probability of the label), as Keras's loss is."""
    chosen = probabilities(logits)[np.arange(len(labels)), labels]
    return float(-np.log(chosen).mean())


def confusion_matrix(
    actual: NDArray[Any], predicted: NDArray[Any], classes: int = 10
) -> NDArray[np.int64]:
    """Count (classes, classes): row the actual digit, column the predicted one."""
    counts = np.bincount(actual.astype(int) * classes + predicted, minlength=classes**2)
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
