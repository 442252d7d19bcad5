"""Read and set the variables of a model as bytes."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from digits.backend import keras


def variables(model: "keras.Model") -> list[Any]:
    """List what an epoch changes: weights, seeds of layers, the optimizer's state."""
    return [*model.variables, *model.optimizer.variables]


def set_variables(targets: list[Any], values: bytes | memoryview) -> None:
    """Set variables to the bytes of their values, one variable after the other."""
    offset = 0
    for variable in targets:
        now = variable.numpy()
        variable.assign(np.frombuffer(values, now.dtype, now.size, offset).reshape(now.shape))
        offset += now.nbytes


def finite(model: "keras.Model") -> bool:
    """Tell whether all variables of a model, not of its optimizer, are finite numbers."""
    return all(np.isfinite(variable.numpy()).all() for variable in model.variables)


def copy_variables(sources: list[Any], targets: list[Any]) -> None:
    """Set variables to the values of others; do nothing where there are no others."""
    for source, target in zip(sources, targets, strict=False):
        target.assign(source.numpy())
