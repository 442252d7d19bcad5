"""The augmented model: two hidden layers, taught with images that are changed in each epoch."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from digits.params import Section
from digits.params.train import Train

if TYPE_CHECKING:
    from digits.models.backend import keras

Units = Annotated[int, Field(ge=1, le=100_000)]


class Params(Section, section="train_augmented"):
    """Its shape, how long it is trained, and how far images are changed: `augmentation.py`.

    What stage robustness does to images as well is called as it is there.
    """

    units: list[Units] = Field(min_length=1, description="of each hidden layer")
    epochs: int = Field(ge=1, le=10_000, description="in place of train.epochs")
    batch_size: int = Field(ge=1, le=1_000_000, description="in place of train.batch_size")
    learning_rate: float = Field(gt=0, le=1, description="of Adam at first, by a cosine to 0")
    rotation: float = Field(ge=0, le=180, description="degrees, either way")
    shift: float = Field(ge=0, le=256, description="pixels, up or down and to a side")
    scale: float = Field(ge=1, le=4, description="factor by which it is larger or smaller")
    aspect: float = Field(ge=1, le=4, description="factor by which it is wider or narrower")
    shear: float = Field(ge=0, le=2, description="pixels that each row moves beside the last")
    thickness: float = Field(ge=0, le=1, description="pixels that a stroke gains or loses")
    gain: float = Field(ge=1, le=10, description="factor by which ink is blacker or paler")
    contrast: float = Field(ge=0, le=1, description="share of the contrast lost")
    noise: float = Field(ge=0, le=1, description="standard deviation; ink is 1")

    def recipe(self, train: Train) -> Train:
        """Return how it is trained: as all models, but for what it has of its own."""
        own = ("epochs", "batch_size", "learning_rate")
        return train.model_copy(update={name: getattr(self, name) for name in own})


def build(pixels: int, classes: int, units: list[int]) -> "keras.Model":
    """Build Dense(n, relu) for each of `units`, then Dense(classes, sigmoid)."""
    from digits.models.backend import keras

    return keras.Sequential(
        [
            keras.Input((pixels,), name="pixels"),
            *(
                keras.layers.Dense(count, activation="relu", name=f"hidden_{place}")
                for place, count in enumerate(units, 1)
            ),
            keras.layers.Dense(classes, activation="sigmoid", name="digit"),
        ],
        name="augmented",
    )


def cosine(recipe: Train, steps: int) -> "keras.optimizers.Optimizer":
    """Make Adam, whose rate falls to 0 by a cosine over all epochs of so many steps."""
    from digits.models.backend import keras

    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps * recipe.epochs)
    return keras.optimizers.Adam(rate, name="adam")
