"""Answer with a trained model: by numpy if it knows all layers, else by Keras.

A `.keras` file is a zip: config.json describes the layers, model.weights.h5 holds their weights.
Chains of the layers that `read` knows are computed here: in float64, so that the answers do not
depend on the processor, and without TensorFlow, which takes longer to import than all of it.
Nothing in the file is unpickled or run.
"""

import io
import json
import math
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial, partialmethod
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from unittest.mock import patch

import h5py
import numpy as np
from numpy.typing import NDArray

from digits.errors import ArtifactError, ModelError
from digits.inference.layers import ACTIVATIONS, Convolution, Floats, Layer, read
from digits.inference.limits import MAX_VALUES, check_config, check_weights
from digits.params.stages import available

ROWS, FEW = 1_000, 8
"""Images computed together; by convolutions fewer, so that the processor's caches hold them."""

Images: TypeAlias = NDArray[np.float32]

RETRAIN = "Train it with a lower learning_rate"
LOGITS = ("linear", "sigmoid", "softmax")
"""Activations that are removed from a last layer, so that it returns logits."""


class Network(NamedTuple):
    """A trained model, loaded by `load`."""

    form: str
    """Keras's names of the kinds of its layers, with the numbers of units."""
    parameters: int
    """The number of weights."""
    stack: list[Layer]
    """The layers, the last one without its sigmoids or softmax; empty if Keras computes them."""
    compute: Callable[[Images], Floats]
    path: str = "the model"
    """Where it was loaded from."""

    def logits(self, images: Images) -> Floats:
        """Compute the values before the last layer's sigmoids or softmax.

        images: float32 (n, pixels), 0-1. Returns float64 (n, classes); their softmax, see
        `digits.evaluation.scoring.probabilities`, are the probabilities.
        Raises ArtifactError if one is NaN or infinite.
        """
        rows = FEW if any(isinstance(layer, Convolution) for layer in self.stack) else ROWS
        starts = range(0, len(images), rows)
        found = np.concatenate([self.compute(images[start : start + rows]) for start in starts])
        if not np.isfinite(found).all():
            raise ArtifactError(f"{self.path}: an answer is NaN or infinite. {RETRAIN}")
        return found


def load(path: str, pixels: int, classes: int) -> Network:
    """Load a .keras file. pixels, classes: what the model must take and tell apart.

    Raises ArtifactError if the file is missing, damaged, or holds a model of another form.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if any(part.compress_type for part in archive.infolist()):
                raise ValueError("it is compressed, as no model of Keras is")  # a bomb, maybe
            config = json.loads(archive.read("config.json"))
            weights = archive.read("model.weights.h5")
        layers = config["config"].get("layers", [])  # a model may have a form of its own
        form = ", ".join(filter(None, map(_title, layers))) or str(config["class_name"])
        with h5py.File(io.BytesIO(weights)) as file:
            held = check_weights(file, len(weights))
            with suppress(NotImplementedError):
                stack, count = _stack(config["class_name"], layers, file, pixels)
                found = _by_numpy(stack, np.zeros((1, pixels), np.float32))
                if not np.isfinite(found).all():
                    raise ModelError(f"a weight is NaN or infinite. {RETRAIN}")
                if found.shape == (1, classes):
                    return Network(form, count, stack, partial(_by_numpy, stack), path)
                got = f"{classes} classes out of {pixels} pixels, got {found.shape[1:]}"
                raise ModelError(f"expected {got}. Correct the model's file in digits/models")
        if Path(path).stem in available():  # its file may register classes of its own
            import_module(f"digits.models.{Path(path).stem}")
        del weights  # Keras reads them itself
        from digits.backend import keras
        from digits.backend.logits import logits

        add = partialmethod(keras.Sequential.add, rebuild=False)  # not anew for each of its layers
        with patch.object(keras.Sequential, "add", add):
            check_config(config, held, pixels)
            model = keras.models.load_model(path, safe_mode=True, compile=False)
        return Network(form, model.count_params(), [], logits(model, pixels, classes), path)
    except ModelError as fault:
        raise ArtifactError(f"{path}: {fault}; `dvc repro` then rebuilds it.") from None
    except MemoryError:
        raise
    except Exception as fault:  # damaged files raise exceptions of any type
        reason = (str(fault).splitlines() or [type(fault).__name__])[0].rstrip(".")
        raise ArtifactError(
            f"{path} cannot be loaded: {reason}. `dvc repro` rebuilds it."
        ) from None


def _title(layer: dict[str, Any]) -> str:
    settings = layer["config"]
    size = settings.get("units") or settings.get("filters")
    name = str(layer["class_name"]) + f"({size})" * bool(size)
    return "" if name == "InputLayer" else name


def _stack(kind: str, layers: list[Any], file: h5py.File, pixels: int) -> tuple[list[Layer], int]:
    """Read the layers, the last one without its activation, and count their weights.

    Raises NotImplementedError for what is no chain of layers that numpy computes, up to its logits.
    """
    if kind not in ("Sequential", "Functional") or _activation(layers[-1]) not in LOGITS:
        raise NotImplementedError(kind)
    if layers[-1]["class_name"] not in ("Dense", "BatchNormalization", "Activation", "Softmax"):
        raise NotImplementedError(kind)
    stack: list[Layer] = []
    shape: tuple[int, ...] = (pixels,)
    count, before = 0, ""
    groups: Counter[str] = Counter()
    for layer in layers:
        inputs = re.findall(r'"keras_history": \["(.*?)"', json.dumps(layer.get("inbound_nodes")))
        if inputs not in ([], [before]) or not _known(layer):
            raise NotImplementedError(kind)
        kind, before = layer["class_name"], layer["config"]["name"]
        group = "layers/" + re.sub("(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        group += f"_{groups[kind]}/vars" if groups[kind] else "/vars"
        groups[kind] += 1
        arrays = [np.asarray(file[group][name], np.float64) for name in sorted(file.get(group, ()))]
        count += sum(array.size for array in arrays)
        activation = "linear" if layer is layers[-1] else _activation(layer)
        found, shape = read(kind, layer["config"] | {"activation": activation}, arrays, shape)
        if math.prod(shape) > MAX_VALUES:
            raise ValueError(f"expected at most {MAX_VALUES:,} values in a step, got {shape}")
        stack += [found] if found else []
    return stack, count


def _known(layer: dict[str, Any]) -> bool:
    """Tell whether a layer is one of Keras, in float32, along the last axis, without extras."""
    settings = layer["config"]
    return (
        layer.get("module") == "keras.layers"
        and "float32" in str(settings.get("dtype"))
        and settings.get("axis", -1) == -1
        and settings.get("data_format") != "channels_first"
        and not any(settings.get(key) for key in ("max_value", "negative_slope", "threshold"))
        and not any(isinstance(settings.get(key), list) for key in ("scale", "offset"))
        and settings.get("groups", 1) == 1
        and set(settings.get("dilation_rate", [])) <= {1}
        and _activation(layer) in ACTIVATIONS
    )


def _activation(layer: dict[str, Any]) -> str:
    """Return the name of a layer's activation, "linear" if it has none."""
    kind = {"ReLU": "relu", "Softmax": "softmax"}.get(layer["class_name"], "linear")
    return str(layer["config"].get("activation", kind))


@np.errstate(all="ignore")  # what is not finite is reported in one line
def _by_numpy(stack: list[Layer], images: Images) -> Floats:
    values = images.astype(np.float64)
    for layer in stack:
        values = layer(values).reshape(len(images), -1)
    return values
