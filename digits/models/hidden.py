"""The hidden model: a hidden layer before the last one."""

from typing import Any

from pydantic import Field

from digits.params import Section


class Params(Section, section="train_hidden"):
    """The shape of the hidden model."""

    units: int = Field(ge=1, le=100_000, description="of the hidden layer")


def build(pixels: int, classes: int, units: int) -> Any:
    """Build Dense(units, relu), Dense(classes, sigmoid): 79,510 parameters for 784, 10, 100."""
    from digits.backend import keras

    model = keras.Sequential([keras.Input((pixels,), name="pixels")], name="hidden")
    model.add(keras.layers.Dense(units, activation="relu", name="hidden"))
    model.add(keras.layers.Dense(classes, activation="sigmoid", name="digit"))
    return model
