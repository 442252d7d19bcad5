"""Turn logits into answers, probabilities, and the record of all answers."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Answers(NamedTuple):
    """A model's answers to n examples. All arrays: (n,)."""

    predicted: NDArray[Any]
    confidence: NDArray[np.float64]
    """The probability of the predicted class."""
    loss: NDArray[np.float32]
    """The cross-entropy: -ln(probability of the label)."""


def answers(logits: NDArray[np.float64], labels: NDArray[Any]) -> Answers:
    """Return the answers of logits, (n, classes), to examples with these labels, (n,)."""
    best = logits.max(axis=1)
    total = np.exp(logits - best[:, None]).sum(axis=1)
    loss = np.log(total) + best - logits[np.arange(len(labels)), labels]
    predicted = logits.argmax(axis=1).astype(labels.dtype)
    return Answers(predicted, 1 / total, loss.astype(np.float32))


def joined(parts: Iterable[Answers]) -> Answers:
    """Concatenate the answers to consecutive blocks of examples."""
    return Answers(*map(np.concatenate, zip(*parts, strict=True)))


def record(labels: NDArray[Any], predicted: Mapping[str, NDArray[Any]]) -> str:
    """Return as JSON what each model answered, so that any two versions can be compared.

    labels: (n,), of which a hash is kept. predicted: (n,) by model. The JSON is a list of pairs:
    DVC takes no metric from a list, so the table of `dvc metrics show` stays short.
    """
    head = {"labels_sha256": hashlib.sha256(labels.tobytes()).hexdigest(), "examples": len(labels)}
    lines = [json.dumps(pair) for pair in head.items()]
    for name, answer in predicted.items():
        kept = {"predicted": answer.tolist(), "wrong": np.flatnonzero(answer != labels).tolist()}
        lines.append(json.dumps([name, kept], separators=(",", ":")))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of logits, (n, classes).

    Also for a sigmoid output, where p divided by the sum of p would be wrong: the loss of such a
    model is the softmax cross-entropy of the logits, which Keras keeps beside the output
    (`_keras_logits`, in keras/src/backend/tensorflow/nn.py).
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return softmax
