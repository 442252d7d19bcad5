"""Read what a model's file defines: digits/models/NAME.py."""

from functools import partial
from importlib import import_module
from inspect import signature
from typing import Any, cast

from digits.data.info import DatasetInfo
from digits.params import read_params
from digits.params.train import TrainParams, section_of


def read_definition(name: str, info: DatasetInfo) -> dict[str, Any]:
    """Return the arguments of `train` for the model NAME and a data set, by their names.

    The file must define `build(pixels, classes, ...)`. What else it may define:

    Params: the schema of its section train_NAME of params.yaml, which may hold keys of the section
        `train`, too. `build` and `loss` get the keys of both sections that they name as arguments,
        and `size`, (height, width) of the images and 3 if in colour.
    optimizer(params, steps): makes the optimizer; params: both sections; steps: those of an epoch.
    loss(...): makes the loss, of Keras (CategoricalCrossentropy can smooth labels) or its own.
    augment(images, random, size, params): changes images, float32 (n, pixels), 0-1, anew in each
        epoch and returns them; random: numpy's generator; params: both sections.

    Raises ParameterError where params.yaml cannot be used.
    """
    module, params = import_module(f"digits.models.{name}"), train_params(name)
    given = {**dict(params), "size": info.shape, "params": params}
    definition: dict[str, Any] = {"params": params, "classes": len(info.classes)}
    if hasattr(module, "optimizer"):
        definition["optimizer"] = module.optimizer
    for key in ("build", "loss", "augment"):
        if function := getattr(module, key, None):
            named = signature(function).parameters.keys() & given.keys()
            definition[key] = partial(function, **{name: given[name] for name in named})
    return definition


def train_params(name: str) -> TrainParams:
    """Return the section `train`, with the keys of section train_NAME added or in their place.

    Raises ParameterError.
    """
    shared = read_params(TrainParams)
    own = read_params(section_of(import_module(f"digits.models.{name}")))
    left = {key: value for key, value in shared if key not in own.model_fields_set}
    return cast(TrainParams, own.model_copy(update=left))
