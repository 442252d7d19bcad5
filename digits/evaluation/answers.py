"""What a model answers to examples, from its logits."""

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
    """Return the answers that logits, (n, classes), give to examples of these labels, (n,)."""
    best = logits.max(axis=1)
    total = np.exp(logits - best[:, None]).sum(axis=1)
    loss = np.log(total) + best - logits[np.arange(len(labels)), labels]
    predicted = logits.argmax(axis=1).astype(labels.dtype)
    return Answers(predicted, 1 / total, loss.astype(np.float32))


def joined(parts: Iterable[Answers]) -> Answers:
    """Return the answers to one block of examples after the other as one."""
    return Answers(*map(np.concatenate, zip(*parts, strict=True)))


def record(labels: NDArray[Any], predicted: Mapping[str, NDArray[Any]]) -> str:
    """Write down, as JSON, what each model answered, so that any two versions can be paired.

    labels: (n,); of these only a hash. predicted: (n,) by model, and which of them are wrong.
    """
    head = {"labels_sha256": hashlib.sha256(labels.tobytes()).hexdigest(), "examples": len(labels)}
    lines = [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
    for name, answer in predicted.items():
        kept = {"predicted": answer.tolist(), "wrong": np.flatnonzero(answer != labels).tolist()}
        lines.append(f'"{name}": {json.dumps(kept, separators=(",", ":"))}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn logits (n, classes) into probabilities that add up to 1 in each row: their softmax.

    In terms of sigmoid outputs p: the odds p / (1 - p), divided by their sum. This, and not
    p divided by its sum, is what such models are trained for: Keras keeps the logits of a sigmoid
    beside its output, and the sparse categorical cross-entropy takes them when it finds them
    (`_keras_logits`, in keras/src/activations/activations.py and backend/tensorflow/nn.py).
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return softmax
