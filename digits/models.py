"""The two models: how they are built, and saved so that equal models are equal bytes."""

import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.backend import keras
from digits.errors import ArtifactError
from digits.files import replacing

PIXELS = 784
CLASSES = 10
BATCH = 1000
"""Images that `logits` looks at together."""


def basic() -> keras.Model:
    """Build the basic model, one layer: Dense(10, sigmoid). 7,850 parameters."""
    return keras.Sequential(
        [
            keras.Input((PIXELS,), name="pixels"),
            keras.layers.Dense(CLASSES, activation="sigmoid", name="digit"),
        ],
        name="basic",
    )


def hidden(units: int) -> keras.Model:
    """Build the hidden model: Dense(units, relu), Dense(10, sigmoid). 79,510 parameters at 100."""
    return keras.Sequential(
        [
            keras.Input((PIXELS,), name="pixels"),
            keras.layers.Dense(units, activation="relu", name="hidden"),
            keras.layers.Dense(CLASSES, activation="sigmoid", name="digit"),
        ],
        name="hidden",
    )


def save(model: keras.Model, path: str) -> None:
    """Save `model` in Keras's .keras format, the same bytes for the same model.

    `keras.models.load_model` opens the file as any other: compiled, the optimizer's state in it.
    Keras itself would write the time of saving into it, and memory addresses.
    """
    with replacing(path) as temporary:
        with tempfile.TemporaryDirectory(prefix="digits-") as folder:
            saved = Path(folder, "model.keras")
            model.save(saved)
            members = _members(saved)
        members["metadata.json"]["date_saved"] = "1980-01-01@00:00:00"
        _drop_shared_object_ids(members["config.json"])
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, content in members.items():
                data = content if isinstance(content, bytes) else json.dumps(content)
                archive.writestr(zipfile.ZipInfo(name), data)  # ZipInfo: dated 1980-01-01


def load(path: str) -> keras.Model:
    """Load a model that `save` wrote. Nothing in the file is run: no Lambda, no custom object.

    Raises ArtifactError if the file is missing, damaged, or holds a model of another form.
    """
    try:
        model = keras.models.load_model(path, safe_mode=True)
        fits = model.input_shape == (None, PIXELS) and model.output_shape == (None, CLASSES)
        last = model.layers[-1].get_config()
    except Exception as fault:  # Keras's list of what a damaged file raises has no end
        reason = (str(fault).splitlines() or [type(fault).__name__])[0]
        raise ArtifactError(f"{path} cannot be loaded: {reason} `dvc repro` rebuilds it.") from None
    if not fits or last.get("activation") != "sigmoid" or "units" not in last:
        raise ArtifactError(
            f"{path}: expected {PIXELS} pixels in and a Dense layer of {CLASSES} sigmoids out, "
            f"got {model.input_shape} to {model.output_shape}. `dvc repro` rebuilds it."
        )
    return model


def logits(model: keras.Model) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return a function from images, float32 (n, 784), 0-1, to logits, float32 (n, 10).

    Logits are what the sigmoids of the last layer are applied to. The largest belongs to the
    largest sigmoid; they still tell digits apart where the sigmoids have both rounded to 1.
    """
    head = without_sigmoids(model)

    def predict(images: NDArray[np.float32]) -> NDArray[np.float32]:
        values: NDArray[np.float32] = head.predict(images, batch_size=BATCH, verbose=0)
        return values

    return predict


def without_sigmoids(model: keras.Model) -> keras.Model:
    """Return the model of the same weights whose outputs are the logits."""
    last = model.layers[-1]
    head = keras.ops.add(keras.ops.matmul(last.input, last.kernel), last.bias)
    return keras.Model(model.inputs[0], head)


def predictor(model: keras.Model) -> Callable[[NDArray[np.float32]], NDArray[np.intp]]:
    """Return a function from images, float32 (n, 784), 0-1, to digits (n,).

    For many calls with few images each, where `logits` would spend its time on preparations.
    """
    head = without_sigmoids(model)

    def predict(images: NDArray[np.float32]) -> NDArray[np.intp]:
        digits: NDArray[np.intp] = keras.ops.convert_to_numpy(head(images)).argmax(axis=1)
        return digits

    return predict


def _members(path: Path) -> dict[str, Any]:
    """Read a .keras file: JSON members parsed, the others (the weights) as bytes."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    return {
        name: json.loads(content) if name.endswith(".json") else content
        for name, content in contents.items()
    }


def _drop_shared_object_ids(node: Any) -> None:
    """Drop the ids by which Keras marks equal objects: memory addresses, of no use for loading."""
    if isinstance(node, dict):
        node.pop("shared_object_id", None)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _drop_shared_object_ids(child)
