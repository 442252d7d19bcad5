"""Read what a model's file defines: digits/models/NAME.py."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from inspect import signature
from typing import Any

from digits.data.info import DatasetInfo
from digits.params import read_params
from digits.params.train import TrainParams, section_of


def read_definition(name: str, info: DatasetInfo) -> dict[str, Any]:
    """Return the arguments of `train` for the model NAME and a data set, by their names.

    The file must define `build(pixels, classes, ...)`. What else it may define:

    Params: the schema of its section train_NAME of params.yaml, which may hold keys of the section
        `train`, too: see `section_of`. `build` and `loss` get the keys of both sections that they
        name as arguments, and `size`, (height, width) of the images and 3 if in colour.
    optimizer(params, steps): makes the optimizer; params: TrainParams; steps: those of an epoch.
    loss(...): makes the loss, of Keras (CategoricalCrossentropy can smooth labels) or its own.
    augment(images, random, size, params): changes images, float32 (n, pixels), 0-1, anew in each
        epoch and returns them; random: numpy's generator; params: the section.

    Raises ParameterError where params.yaml cannot be used.
    """
    module = import_module(f"digits.models.{name}")
    own, params = read_params(section_of(module)), train_params(name)
    values = {**dict(own), **dict(params), "size": info.shape}

    def with_values(function: Callable[..., Any]) -> Callable[..., Any]:
        """Give a function the values that it names as arguments."""
        names = signature(function).parameters
        return partial(function, **{key: values[key] for key in names if key in values})

    definition = {
        "build": with_values(module.build),
        "params": params,
        "classes": len(info.classes),
    }
    if hasattr(module, "optimizer"):
        definition["optimizer"] = module.optimizer
    if hasattr(module, "loss"):
        definition["loss"] = with_values(module.loss)
    if hasattr(module, "augment"):
        definition["augment"] = partial(module.augment, size=info.shape, params=own)
    return definition


def train_params(name: str) -> TrainParams:
    """Return the training parameters of the model NAME. Raises ParameterError."""
    own = read_params(section_of(import_module(f"digits.models.{name}")))
    shared = own.model_fields_set & TrainParams.model_fields.keys()
    return read_params(TrainParams).model_copy(update={key: getattr(own, key) for key in shared})
