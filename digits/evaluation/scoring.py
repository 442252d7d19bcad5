"""Score predictions against labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.evaluation.answers import Answers
from digits.evaluation.calibration import expected_calibration_error


def score(answers: Answers, labels: NDArray[Any], counts: NDArray[np.int64]) -> dict[str, Any]:
    """Return the metrics of a model, rounded so that last bits do not show.

    labels: (n,). counts: the confusion matrix. The loss is the mean over the examples.
    """
    right = answers.predicted == labels
    return {
        "accuracy": round(float(right.mean()), 6),
        "loss": round(float(answers.loss.mean(dtype=np.float64)), 4),
        "errors": int(np.sum(~right)),
        "macro_f1": round(macro_f1(counts), 4),
        "calibration_error": round(expected_calibration_error(answers.confidence, right), 4),
    }


def confusion_matrix(
    actual: NDArray[Any], predicted: NDArray[Any], classes: int
) -> NDArray[np.int64]:
    """Count (classes, classes): row the actual class, column the predicted one."""
    cell = actual.astype(np.int64) * classes + predicted
    counts = np.bincount(cell, minlength=classes**2)
    return counts.astype(np.int64).reshape(classes, classes)


def by_class(counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return precision, recall, F1 and support of each class. counts: row actual, column predicted.

    0/0 is 0: the precision of a class that is never predicted, the recall of one without examples.
    """
    right, support, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return {
        "precision": right / np.maximum(predicted, 1),
        "recall": right / np.maximum(support, 1),
        "f1": 2 * right / np.maximum(support + predicted, 1),
        "support": support,
    }


def macro_f1(counts: NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that have examples or were predicted."""
    seen = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return float(by_class(counts)["f1"][seen].mean())
