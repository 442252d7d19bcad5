"""Compute the logits of a Keras model of any form, and refuse a model that has none."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.backend import keras, tf
from digits.errors import ModelError, OutputError

Images: TypeAlias = NDArray[np.float32]
NO_LOGITS = set(dir(keras.activations)) - {"linear", "log_softmax", "sigmoid", "softmax"}
"""Last activations that return no logits, and do not let one see those beneath."""


def logits(
    model: keras.Model, pixels: int, classes: int
) -> Callable[[Images], NDArray[np.float64]]:
    """Return the function from images, (n, pixels), to a model's logits, (n, classes).

    Keras attaches them to what a softmax or a sigmoid returns, for its losses. Those of other
    probabilities are their logarithms.
    Raises ModelError if the model takes other images, returns anything else, or has diverged.
    """
    some = np.linspace(0, 1, 3, dtype=np.float32).repeat(pixels).reshape(3, pixels)
    output, last = call(model, some), last_activation(model)
    shape = tuple(getattr(output, "shape", ()))
    if shape != (3, classes) or last in NO_LOGITS:
        raise ModelError(
            f"expected {classes} logits out of {pixels} pixels, or a softmax or sigmoid of them, "
            f"got {last} {shape[1:]}. End with keras.layers.Dense(classes)"
        )
    if not finite(model):
        raise ModelError("a weight is NaN or infinite. Train it with a lower learning_rate")
    values = np.asarray(output, np.float64)
    shares = values.min() >= 0 and np.allclose(values.sum(axis=1), 1)

    def compute(images: Images) -> NDArray[np.float64]:
        output = call(model, images)
        values = np.asarray(getattr(output, "_keras_logits", output), np.float64)
        if shares and not hasattr(output, "_keras_logits"):
            values = np.log(values.clip(np.finfo(np.float32).tiny))
        return values

    return compute


def check_saved(model: keras.Model, images: Images, classes: int, registered: set[str]) -> None:
    """Save a model, load it, and compare its logits of some images.

    registered: the classes that importing the model's file registers.
    Raises ModelError if that fails: no other stage could use the model.
    """
    expected = logits(model, images.shape[1], classes)(images)
    objects = keras.saving.get_custom_objects()
    for late in set(objects) - registered:
        del objects[late]
    try:
        with tempfile.TemporaryDirectory(prefix="digits-") as folder:
            model.save(path := Path(folder, "model.keras"))
            loaded = keras.models.load_model(path, safe_mode=True, compile=False)
        got = logits(loaded, images.shape[1], classes)(images)
        if not np.allclose(got, expected, rtol=1e-5, atol=1e-5):
            raise ValueError("it answers otherwise after it was saved and loaded")
    except OSError as fault:
        raise OutputError(
            f"{tempfile.gettempdir()} cannot be written: {fault.strerror or fault}. Free some "
            "space, or set TMPDIR to another folder, and run this again."
        ) from None
    except Exception as fault:  # Keras's and the model's own, of any type
        raise ModelError(
            f"the model cannot be saved and loaded again: {reason(fault)}. Use Keras's layers and "
            "keras.ops, without random numbers of your own; register classes by "
            "keras.saving.register_keras_serializable in the model's file, outside of build"
        ) from fault


def call(model: keras.Model, images: Images) -> Any:
    """Return a model's output for images, (n, pixels). Raises ModelError if it takes none."""
    kinds = {str(layer.compute_dtype) for layer in model._flatten_layers()}
    if halves := kinds & {"float16", "bfloat16"}:
        # TensorFlow asks the processor what it has, oneDNN is held to AVX2: the process would crash
        raise ModelError(f"expected layers of float32, got {halves.pop()}. Leave their dtype out")
    try:
        outputs = keras.tree.flatten(model(images, training=False))
    except (TypeError, ValueError, tf.errors.OpError) as fault:
        raise ModelError(
            f"expected a model of {images.shape[1]} pixels, got: {reason(fault)}. "
            "Begin with keras.Input((pixels,))"
        ) from fault
    return outputs[0] if len(outputs) == 1 else outputs


def finite(model: keras.Model) -> bool:
    """Tell whether all variables of a model, not of its optimizer, are finite numbers."""
    return all(np.isfinite(variable.numpy()).all() for variable in model.variables)


def last_activation(model: Any) -> str:
    """Return the name of a model's last activation, or of its last layer or operation.

    Of a model that has a method `call` of its own it is unknown.
    """
    while outputs := getattr(model, "outputs", None):
        model = outputs[0]._keras_history.operation
    activation = getattr(model, "activation", model)
    return str(getattr(activation, "__name__", type(activation).__name__.lower()))


def reason(fault: Exception) -> str:
    """Return the sentence of a message of Keras that says why, not where."""
    text = re.sub(r"\x1b\[\d*m", "", str(fault)).rpartition("Exception encountered: ")[2]
    lines = (line for line in text.splitlines() if line and "encountered when call" not in line)
    return next(lines, type(fault).__name__).partition(". ")[0].rstrip(".")[:300]
