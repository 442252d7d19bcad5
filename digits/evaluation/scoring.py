"""Turn logits into answers; score them against labels, and their confidence against the score."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Answers(NamedTuple):
    """A model's answers to n examples: (n,) each.

    confidence: the probability of the predicted class. loss: -ln(probability of the label).
    """

    predicted: NDArray[Any]
    confidence: NDArray[np.float64]
    loss: NDArray[np.float32]


def answers(logits: NDArray[np.float64], labels: NDArray[Any]) -> Answers:
    """Return the answers of logits, (n, classes), to examples with these labels, (n,)."""
    best = logits.max(axis=1)
    total = np.exp(logits - best[:, None]).sum(axis=1)
    loss = np.log(total) + best - logits[np.arange(len(labels)), labels]
    predicted = logits.argmax(axis=1).astype(labels.dtype)
    return Answers(predicted, 1 / total, loss.astype(np.float32))


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of logits, (n, classes).

    Also for a sigmoid output: the loss of such a model is the softmax cross-entropy of the logits,
    which Keras keeps beside the output (`_keras_logits`, in keras/src/backend/tensorflow/nn.py).
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return softmax


def record(labels: NDArray[Any], predicted: Mapping[str, NDArray[Any]]) -> str:
    """Return as JSON what each model answered, so that any two versions can be compared.

    labels: (n,), of which a hash is kept. predicted: (n,) by model. Returns a list of pairs, from
    which DVC takes no metric.
    """
    head = {"labels_sha256": hashlib.sha256(labels.tobytes()).hexdigest(), "examples": len(labels)}
    lines = [json.dumps(pair) for pair in head.items()]
    for name, answer in predicted.items():
        kept = {"predicted": answer.tolist(), "wrong": np.flatnonzero(answer != labels).tolist()}
        lines.append(json.dumps([name, kept], separators=(",", ":")))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def score(
    answers: Answers, labels: NDArray[Any], counts: NDArray[np.int64]
) -> dict[str, int | float]:
    """Return the metrics of a model, rounded so that last bits do not show.

    labels: (n,). counts: the confusion matrix. The loss is the mean over the examples, macro F1 the
    mean over the classes that have examples or were predicted.
    """
    right = answers.predicted == labels
    seen = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return {
        "accuracy": round(float(right.mean()), 6),
        "loss": round(float(answers.loss.mean(dtype=np.float64)), 4),
        "errors": int(np.sum(~right)),
        "macro_f1": round(float(by_class(counts)["f1"][seen].mean()), 4),
        "calibration_error": round(calibration_error(reliability(answers.confidence, right)), 4),
    }


def confusion_matrix(
    actual: NDArray[Any], predicted: NDArray[Any], classes: int
) -> NDArray[np.int64]:
    """Count (classes, classes): row the actual class, column the predicted one."""
    cell = actual.astype(np.int64) * classes + predicted
    return np.bincount(cell, minlength=classes**2).reshape(classes, classes)


def by_class(counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return precision, recall, F1 and support of each class. counts: the confusion matrix.

    0/0 is 0: the precision of a class that is never predicted, the recall of one without examples.
    """
    right, support, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return {
        "precision": right / np.maximum(predicted, 1),
        "recall": right / np.maximum(support, 1),
        "f1": 2 * right / np.maximum(support + predicted, 1),
        "support": support,
    }


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15
) -> dict[str, NDArray[Any]]:
    """Return the edges, mean confidence, accuracy and count of examples of each bin.

    confidence: (n,), 0-1, of the predicted class. right: (n,). Bins are of equal width; each
    includes its upper edge, not its lower one. Empty bins hold NaN.
    """
    edges = np.linspace(0, 1, bins + 1)
    index = np.searchsorted(edges[1:-1], confidence, side="left")
    count = np.bincount(index, minlength=bins)
    filled = np.where(count, count, np.nan)
    return {
        "low": edges[:-1],
        "high": edges[1:],
        "confidence": np.bincount(index, confidence, bins) / filled,
        "accuracy": np.bincount(index, right, bins) / filled,
        "count": count,
    }


def calibration_error(curve: Mapping[str, NDArray[Any]]) -> float:
    """Return the mean over the examples of |accuracy - confidence| of their bin of `reliability`.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural
    networks", ICML 2017, equation 3, with its 15 bins.
    """
    gaps = np.abs(curve["accuracy"] - curve["confidence"]) * curve["count"]
    return float(np.nansum(gaps) / curve["count"].sum())
