"""Answer with a trained model: by numpy if it knows all layers, else by Keras.

A `.keras` file is a zip: config.json describes the layers, model.weights.h5 holds their weights.
Chains of the layers in `READERS` are computed here: in float64, so that the answers do not depend
on the processor, and without TensorFlow, which takes longer to import than all of it. Nothing in
the file is unpickled or run.
"""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from digits.errors import ArtifactError
from digits.evaluation.answers import probabilities
from digits.inference.limits import check_config, check_weights

ROWS = 1_000
"""Images computed together."""

Floats: TypeAlias = NDArray[np.float64]
Images: TypeAlias = NDArray[np.float32]
Compute: TypeAlias = Callable[[Images], Floats]

ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0),
    "tanh": np.tanh,
    "sigmoid": lambda values: 0.5 + 0.5 * np.tanh(0.5 * values),  # no overflow on the way
    "softmax": probabilities,
}
LOGITS = ("linear", "sigmoid", "softmax")
"""Activations that are removed from a last layer, so that it returns logits."""


class FormError(Exception):
    """A model that the other stages cannot use: building it again does not help."""


class Dense(NamedTuple):
    """activation(values @ kernel + bias), with kernel (inputs, outputs) and bias (outputs,)."""

    kernel: Floats
    bias: Floats
    activation: str

    def __call__(self, values: Floats) -> Floats:
        """Compute its outputs from its inputs, (n, inputs)."""
        return ACTIVATIONS[self.activation](values @ self.kernel + self.bias)


class Scaling(NamedTuple):
    """values * scale + shift, both (inputs,): a trained BatchNormalization."""

    scale: Floats
    shift: Floats

    def __call__(self, values: Floats) -> Floats:
        """Compute its outputs from its inputs, (n, inputs)."""
        return values * self.scale + self.shift


Stack: TypeAlias = list[Dense | Scaling]
"""Layers in order. Each is applied along the last axis, so it takes an image's values in runs of as
many as it has inputs, and reshaping changes nothing: the values of an image stay one row."""


class Network(NamedTuple):
    """A trained model, loaded by `load`."""

    kinds: list[str]
    """Keras's names of the kinds of its layers."""
    parameters: int
    """The number of weights."""
    stack: Stack
    """The layers, the last one without its sigmoids or softmax; empty if Keras computes them."""
    compute: Compute

    @property
    def form(self) -> str:
        """Return "784 → 100 → 10 units", or of other models "Reshape, Conv2D, Flatten, Dense"."""
        dense = [layer for layer in self.stack if isinstance(layer, Dense)]
        if not dense or not set(self.kinds) <= {"Dense", "Dropout", "Flatten"}:
            return ", ".join(self.kinds)
        sizes = [len(dense[0].kernel), *(len(layer.bias) for layer in dense)]
        return f"{' → '.join(map(str, sizes))} units"

    def logits(self, images: Images) -> Floats:
        """Compute the values before the last layer's sigmoids or softmax.

        images: float32 (n, pixels), 0-1. Returns float64 (n, classes); their softmax, see
        `digits.evaluation.answers.probabilities`, are the probabilities.
        """
        starts = range(0, max(len(images), 1), ROWS)
        return np.concatenate([self.compute(images[start : start + ROWS]) for start in starts])


def load(path: str, pixels: int | None = None, classes: int | None = None) -> Network:
    """Load a .keras file. pixels, classes: what the model must take and tell apart, if given.

    Raises ArtifactError if the file is missing, damaged, or holds a model of another form.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if any(part.compress_type for part in archive.infolist()):
                raise ValueError("it is compressed, as no model of Keras is")  # a bomb, maybe
            config = json.loads(archive.read("config.json"))
            layers = config["config"].get("layers", [])
            weights = archive.read("model.weights.h5")
        kinds = [str(layer["class_name"]) for layer in layers if "Input" not in layer["class_name"]]
        with h5py.File(io.BytesIO(weights)) as file:
            held = check_weights(file, len(weights))
            stack = _stack(layers, file, len(weights))
            parameters = _count(file)
        if not stack:
            check_config(config, held)
        compute = partial(_by_numpy, stack) if stack else _by_keras(path)
        network = Network(kinds, parameters, stack, compute)
        pixels = pixels or int(layers[0]["config"]["batch_shape"][1])
        shape = network.logits(np.zeros((1, pixels), np.float32)).shape
        if shape != (1, classes or shape[-1]):
            raise FormError(f"expected {classes} classes out of {pixels} pixels, got {shape[1:]}")
    except FormError as fault:
        cure = "Correct the model's file in digits/models; `dvc repro` then rebuilds it."
        raise ArtifactError(f"{path}: {fault}. {cure}") from None
    except MemoryError:
        raise
    except Exception as fault:  # damaged files raise exceptions of any type
        reason = (str(fault).splitlines() or [type(fault).__name__])[0].rstrip(".")
        raise ArtifactError(
            f"{path} cannot be loaded: {reason}. `dvc repro` rebuilds it."
        ) from None
    return network


def _dense(settings: dict[str, Any], arrays: list[Floats]) -> Stack:
    kernel, bias = (*arrays, np.zeros(arrays[0].shape[1]))[:2]  # it may have none
    return [Dense(kernel, bias, settings["activation"])]


def _scaling(settings: dict[str, Any], arrays: list[Floats]) -> Stack:
    *learned, mean, variance = arrays
    gamma = learned.pop(0) if settings.get("scale") else 1.0
    scale = gamma / np.sqrt(variance + settings["epsilon"])
    return [Scaling(scale, (learned.pop() if settings.get("center") else 0.0) - mean * scale)]


READERS: dict[str, Callable[[dict[str, Any], list[Floats]], Stack]] = {
    **dict.fromkeys(("InputLayer", "Dropout", "Flatten", "Reshape"), lambda settings, arrays: []),
    "Dense": _dense,
    "BatchNormalization": _scaling,
}
"""By kind of layer: how it is read from its settings and its weights, in Keras's order."""


def _stack(layers: list[Any], file: h5py.File, limit: int) -> Stack:
    """Read the layers, each array at most `limit` bytes; none if numpy cannot compute them all."""
    stack: Stack = []
    groups: Counter[str] = Counter()
    previous = ""
    for layer in layers:
        kind, settings = layer["class_name"], layer["config"]
        nodes = layer.get("inbound_nodes", [])
        inputs = [str(node["args"][0]["config"]["keras_history"][0]) for node in nodes]
        if not _computable(kind, settings) or inputs not in ([], [previous]):
            return []
        previous = settings["name"]
        if layer is layers[-1]:
            settings |= {"activation": _logits(settings.get("activation", kind))}
        group = "layers/" + re.sub("(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        group += f"_{groups[kind]}/vars" if groups[kind] else "/vars"
        groups[kind] += 1
        arrays = [_array(file, f"{group}/{name}", limit) for name in sorted(file.get(group, ()))]
        stack += READERS[kind](settings, arrays)
    return stack


def _computable(kind: str, settings: dict[str, Any]) -> bool:
    """Tell whether numpy can compute a layer: in float32, along the last axis."""
    return (
        kind in READERS
        and "float32" in str(settings.get("dtype"))
        and settings.get("axis", -1) == -1
        and settings.get("data_format") != "channels_first"
        and str(settings.get("activation", "linear")) in ACTIVATIONS
    )


def _logits(activation: Any) -> str:
    """Return the activation with which a last layer returns logits. Raises FormError."""
    if activation not in LOGITS:
        raise FormError(f"expected a last layer with {' or '.join(LOGITS)}, got {activation}")
    return "linear"


def _array(file: h5py.File, name: str, limit: int) -> Floats:
    """Read an array, of a plausible size, that lies in the file itself. Raises ValueError."""
    data = file[name]
    if data.file != file or data.is_virtual or data.external or data.dtype != np.float32:
        raise ValueError(f"expected float32 numbers in {name}")
    if data.nbytes > limit:
        raise ValueError(f"{name} announces {data.nbytes:,} bytes; the file holds {limit:,}")
    return np.asarray(data, np.float64)


def _count(file: h5py.File) -> int:
    """Count the weights of all layers, without the states of random generators."""
    names: list[str] = []
    file["layers"].visit(names.append)
    nodes = (file["layers"][name] for name in names if "seed_generator" not in name)
    return sum(node.size for node in nodes if isinstance(node, h5py.Dataset))


def _by_numpy(stack: Stack, images: Images) -> Floats:
    values = images.astype(np.float64)
    for layer in stack:
        values = layer(values.reshape(-1, len(layer[0]))).reshape(len(images), -1)
    return values


def _by_keras(path: str) -> Compute:
    """Load the model with Keras, without its last activation. Nothing in the file is run."""
    from digits.backend import keras

    model = keras.models.load_model(path, safe_mode=True, compile=False)
    last = model.layers[-1]
    if not hasattr(last, "activation"):
        _logits(type(last).__name__)
    last.activation = keras.activations.get(_logits(keras.activations.serialize(last.activation)))

    def compute(images: Images) -> Floats:
        values = keras.ops.convert_to_numpy(model(images, training=False))
        return np.asarray(values, np.float64)

    return compute
