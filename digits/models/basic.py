"""The basic model: one layer."""

from typing import Any


def build(pixels: int, classes: int) -> Any:
    """Build Dense(classes, sigmoid): 7,850 parameters for 784 pixels and 10 classes."""
    from digits.backend import keras

    model = keras.Sequential([keras.Input((pixels,), name="pixels")], name="basic")
    model.add(keras.layers.Dense(classes, activation="sigmoid", name="digit"))
    return model
