"""Keep and set the variables of a model."""

import json
from typing import Any

import numpy as np


def variables(model: Any) -> list[Any]:
    """List what an epoch changes: weights, seeds of layers, the optimizer's state."""
    return [*model.variables, *model.optimizer.variables]


def pack(history: list[dict[str, float]], sources: list[Any]) -> bytes:
    """Return a line of JSON, the history, and the bytes of variables, one after the other."""
    return json.dumps(history).encode() + b"\n" + b"".join(v.numpy().tobytes() for v in sources)


def unpack(content: bytes, targets: list[Any]) -> list[dict[str, float]]:
    """Set variables to those that `pack` got; return the history."""
    offset = content.index(b"\n") + 1
    history: list[dict[str, float]] = json.loads(content[:offset])
    for variable in targets:
        now = variable.numpy()
        variable.assign(np.frombuffer(content, now.dtype, now.size, offset).reshape(now.shape))
        offset += now.nbytes
    return history


def finite(model: Any) -> bool:
    """Tell whether all variables of a model, not of its optimizer, are finite numbers."""
    return all(np.isfinite(variable.numpy()).all() for variable in model.variables)


def copy_variables(sources: list[Any], targets: list[Any]) -> None:
    """Set variables to the values of others; do nothing where there are no others."""
    for source, target in zip(sources, targets, strict=False):
        target.assign(source.numpy())
