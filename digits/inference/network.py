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
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from digits.errors import ArtifactError, ModelError
from digits.inference.layers import ACTIVATIONS, READERS, Convolution, Dense, Floats, Layer, merged
from digits.inference.limits import check_config, check_weights
from digits.params.models import available

ROWS, FEW = 1_000, 16
"""Images computed together; by convolutions fewer, so that the processor's caches hold them."""

Images: TypeAlias = NDArray[np.float32]
Compute: TypeAlias = Callable[[Images], Floats]

RETRAIN = "Train it with a lower learning_rate"
LOGITS = ("linear", "sigmoid", "softmax")
"""Activations that are removed from a last layer, so that it returns logits."""


class Network(NamedTuple):
    """A trained model, loaded by `load`."""

    kinds: list[str]
    """Keras's names of the kinds of its layers."""
    parameters: int
    """The number of weights."""
    stack: list[Layer]
    """The layers, the last one without its sigmoids or softmax; empty if Keras computes them."""
    compute: Compute
    path: str = "the model"
    """Where it was loaded from."""

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
        `digits.evaluation.scoring.probabilities`, are the probabilities.
        Raises ArtifactError if one is NaN or infinite.
        """
        rows = FEW if any(isinstance(layer, Convolution) for layer in self.stack) else ROWS
        starts = range(0, max(len(images), 1), rows)
        found = np.concatenate([self.compute(images[start : start + rows]) for start in starts])
        if not np.isfinite(found).all():
            raise ArtifactError(f"{self.path}: an answer is NaN or infinite. {RETRAIN}")
        return found


def load(path: str, pixels: int | None = None, classes: int | None = None) -> Network:
    """Load a .keras file. pixels, classes: what the model must take and tell apart, if given.

    Raises ArtifactError if the file is missing, damaged, or holds a model of another form.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if any(part.compress_type for part in archive.infolist()):
                raise ValueError("it is compressed, as no model of Keras is")  # a bomb, maybe
            config = json.loads(archive.read("config.json"))
            weights = archive.read("model.weights.h5")
        layers = config["config"].get("layers", [])  # a model may have a form of its own
        kinds = [str(layer["class_name"]) for layer in layers if "Input" not in layer["class_name"]]
        with h5py.File(io.BytesIO(weights)) as file:
            held = check_weights(file, len(weights))
            if _computable(config["class_name"], layers):
                pixels = pixels or int(layers[0]["config"]["batch_shape"][1])
                stack, parameters = _stack(layers, file, pixels), _count(file)
                shape = _by_numpy(stack, np.zeros((1, pixels), np.float32)).shape
                if shape != (1, classes or shape[-1]):
                    got = f"expected {classes} classes out of {pixels} pixels, got {shape[1:]}"
                    raise ModelError(f"{got}. Correct the model's file in digits/models")
                return Network(kinds, parameters, stack, partial(_by_numpy, stack), path)
        if Path(path).stem in available():  # its file may register classes of its own
            import_module(f"digits.models.{Path(path).stem}")
        check_config(config, held, pixels)
        compute, parameters = _by_keras(path, pixels, classes)
        return Network(kinds or [str(config["class_name"])], parameters, [], compute, path)
    except ModelError as fault:
        raise ArtifactError(f"{path}: {fault}; `dvc repro` then rebuilds it.") from None
    except MemoryError:
        raise
    except Exception as fault:  # damaged files raise exceptions of any type
        reason = (str(fault).splitlines() or [type(fault).__name__])[0].rstrip(".")
        raise ArtifactError(
            f"{path} cannot be loaded: {reason}. `dvc repro` rebuilds it."
        ) from None


def _computable(kind: str, layers: list[Any]) -> bool:
    """Tell whether a model is a chain of layers that numpy can compute, up to its logits."""
    if kind not in ("Sequential", "Functional") or not all(map(_known, layers)):
        return False
    names = [layer["config"]["name"] for layer in layers]
    for layer, before in zip(layers, ["", *names], strict=False):
        nodes = json.dumps(layer.get("inbound_nodes", []))
        if re.findall(r'"keras_history": \["(.*?)"', nodes) not in ([], [before]):
            return False
    by_value = {_activation_of(layer) for layer in layers[:-1] if layer["class_name"] != "Dense"}
    last = layers[-1]
    return (
        "softmax" not in by_value  # it needs to know which values belong together
        and _activation_of(last) in LOGITS
        and last["class_name"] in ("Dense", "BatchNormalization", "Activation", "ReLU", "Softmax")
    )


def _known(layer: dict[str, Any]) -> bool:
    """Tell whether numpy can compute a layer: one of Keras, in float32, along the last axis."""
    settings = layer["config"]
    return (
        layer["class_name"] in READERS
        and layer.get("module") == "keras.layers"
        and "float32" in str(settings.get("dtype"))
        and settings.get("axis", -1) == -1
        and settings.get("data_format") != "channels_first"
        and not any(settings.get(key) for key in ("max_value", "negative_slope", "threshold"))
        and not any(isinstance(settings.get(key), list) for key in ("scale", "offset"))
        and settings.get("groups", 1) == 1
        and set(settings.get("dilation_rate", [])) <= {1}
        and _activation_of(layer) in ACTIVATIONS
    )


def _activation_of(layer: dict[str, Any]) -> str:
    """Return the name of a layer's activation, "linear" if it has none."""
    kind = {"ReLU": "relu", "Softmax": "softmax"}.get(layer["class_name"], "linear")
    return str(layer["config"].get("activation", kind))


def _stack(layers: list[Any], file: h5py.File, pixels: int) -> list[Layer]:
    """Read the layers, the last one without its activation. `check_weights` has seen the file."""
    stack: list[Layer] = []
    shape: tuple[int, ...] = (pixels,)
    groups: Counter[str] = Counter()
    for layer in layers:
        kind = layer["class_name"]
        activation = "linear" if layer is layers[-1] else _activation_of(layer)
        group = "layers/" + re.sub("(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        group += f"_{groups[kind]}/vars" if groups[kind] else "/vars"
        groups[kind] += 1
        arrays = [_array(file, f"{group}/{name}") for name in sorted(file.get(group, ()))]
        settings = layer["config"] | {"activation": activation}
        found, shape = READERS[kind](settings, arrays, shape)
        stack += found
    return merged(stack)


def _array(file: h5py.File, name: str) -> Floats:
    """Read an array. Raises ValueError if it is not float32, ModelError if it is not finite."""
    data = file[name]
    if data.dtype != np.float32:
        raise ValueError(f"expected float32 numbers in {name}")
    values = np.asarray(data, np.float64)
    if not np.isfinite(values).all():
        raise ModelError(f"a weight is NaN or infinite. {RETRAIN}")
    return values


def _count(file: h5py.File) -> int:
    """Count the weights of all layers, without the states of random generators."""
    names: list[str] = []
    file["layers"].visit(names.append)
    nodes = (file["layers"][name] for name in names if "seed_generator" not in name)
    return sum(node.size for node in nodes if isinstance(node, h5py.Dataset))


def _by_numpy(stack: list[Layer], images: Images) -> Floats:
    values = images.astype(np.float64)
    for layer in stack:
        values = layer(values)
    return values.reshape(len(images), -1)


def _by_keras(path: str, pixels: int | None, classes: int | None) -> tuple[Compute, int]:
    """Load a model with Keras, which runs nothing in the file; return it and its size."""
    from digits.backend import keras
    from digits.backend.logits import logits

    model = keras.models.load_model(path, safe_mode=True, compile=False)
    return logits(model, pixels or int(model.input_shape[1]), classes), model.count_params()
