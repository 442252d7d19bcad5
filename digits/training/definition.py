"""Read what a model's file defines: digits/models/NAME.py."""

from functools import partial
from importlib import import_module
from inspect import signature
from types import ModuleType
from typing import Any

from digits.data.info import DatasetInfo
from digits.params import read_params
from digits.params.train import TrainParams


def read_definition(name: str, info: DatasetInfo) -> dict[str, Any]:
    """Return the arguments of `train` for the model NAME and a data set, by their names.

    The file must define `build(pixels, classes, ...)`. What else it may define:

    Params: the schema of its section train_NAME of params.yaml. A key that the section `train` has
        too takes the place of that one. `build` gets the keys that it names as arguments, and
        `size`, (height, width) of the images, if it names that.
    optimizer(params, steps): makes the optimizer; params: TrainParams; steps: those of an epoch.
    loss(): makes the loss.
    augment(images, random, size, params): changes images, float32 (n, pixels), 0-1, anew in each
        epoch and returns them; random: numpy's generator; params: the `Params`.

    Raises ParameterError where params.yaml cannot be used.
    """
    module = import_module(f"digits.models.{name}")
    own = _own_params(module)
    size = info.height, info.width
    values = {**dict(own or {}), "size": size}
    named = {key: values[key] for key in signature(module.build).parameters if key in values}
    definition = {
        "build": partial(module.build, **named),
        "params": train_params(name),
        "classes": len(info.classes),
    }
    definition |= {
        key: getattr(module, key) for key in ("optimizer", "loss") if hasattr(module, key)
    }
    if hasattr(module, "augment"):
        definition["augment"] = partial(module.augment, size=size, params=own)
    return definition


def train_params(name: str) -> TrainParams:
    """Return the training parameters of the model NAME. Raises ParameterError."""
    own = dict(_own_params(import_module(f"digits.models.{name}")) or {})
    shared = {key: own[key] for key in TrainParams.model_fields if key in own}
    return read_params(TrainParams).model_copy(update=shared)


def _own_params(module: ModuleType) -> Any:
    return read_params(module.Params) if hasattr(module, "Params") else None
