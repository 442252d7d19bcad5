"""The augmented model: two hidden layers, trained on images that are changed anew in each epoch."""

from typing import Annotated, Any

from pydantic import Field

from digits.augmentation import Changes, augment, optimizer

__all__ = ["Params", "augment", "build", "optimizer"]
Units = Annotated[int, Field(ge=1, le=100_000)]


class Params(Changes, section="train_augmented"):
    """The layers, how they are trained, and the limits of the changes of images."""

    units: list[Units] = Field(min_length=1, description="of each hidden layer")


def build(pixels: int, classes: int, units: list[int]) -> Any:
    """Build Dense(n, relu) for each of `units`, then Dense(classes, sigmoid)."""
    from digits.backend import keras

    model = keras.Sequential([keras.Input((pixels,), name="pixels")], name="augmented")
    for place, count in enumerate(units, 1):
        model.add(keras.layers.Dense(count, activation="relu", name=f"hidden_{place}"))
    model.add(keras.layers.Dense(classes, activation="sigmoid", name="digit"))
    return model
