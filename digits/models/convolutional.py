"""The convolutional model: four convolutions, trained on images that are changed in each epoch."""

from typing import Annotated, Any

from pydantic import Field

from digits.augmentation import Changes, augment, optimizer

__all__ = ["Params", "augment", "build", "optimizer"]
Filters = Annotated[int, Field(ge=1, le=1_000)]


class Params(Changes, section="train_convolutional"):
    """The layers, how they are trained, and the limits of the changes of images."""

    filters: list[Filters] = Field(min_length=1, max_length=8, description="of each convolution")
    dropout: float = Field(ge=0, lt=1, description="share of the values that a step leaves out")


def build(
    pixels: int, classes: int, size: tuple[int, ...], filters: list[int], dropout: float
) -> Any:
    """Build Conv 3x3, MaxPooling, BatchNormalization, ReLU for each of `filters`, then Dense.

    The last one has no pooling. 94,682 parameters for 28 x 28 pixels, 10 classes and 16, 32, 64,
    96 filters. Pooling comes first, since it leaves a fourth of the values to normalize.
    """
    from digits.backend import keras

    layers = keras.layers
    model = keras.Sequential([keras.Input((pixels,), name="pixels")], name="convolutional")
    model.add(layers.Reshape((*size, 1)[:3], name="image"))
    for place, count in enumerate(filters, 1):
        model.add(layers.Conv2D(count, 3, padding="same", use_bias=False, name=f"filters_{place}"))
        if place < len(filters):
            model.add(layers.MaxPooling2D(padding="same", name=f"pooling_{place}"))
        model.add(layers.BatchNormalization(name=f"scaling_{place}"))
        model.add(layers.ReLU(name=f"relu_{place}"))
    model.add(layers.Flatten(name="values"))
    model.add(layers.Dropout(dropout, name="dropout"))
    model.add(layers.Dense(classes, name="digit"))
    return model
