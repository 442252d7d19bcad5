"""The list of models, and the sections that one stage reads: fetch, preprocess, robustness."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, RootModel, model_validator

from digits.params import Section

SMALLEST, LARGEST = 8, 256  # limits of the height and the width of an image, in pixels
MOST_CLASSES = 1_000
Preparation = Literal["mnist", "resize", "none"]  # see `digits.pictures.prepare`
Name = Annotated[str, Field(min_length=1, max_length=200)]
ModelName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
Size = Annotated[int, Field(ge=SMALLEST, le=LARGEST)]
Share = Annotated[float, Field(gt=0, le=1)]


def unique(names: list[str]) -> list[str]:
    """Return `names`. Raises ValueError if one occurs twice."""
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return names


class Models(RootModel[Annotated[list[ModelName], Field(min_length=1), AfterValidator(unique)]]):
    """The models that are evaluated, compared and shown, in order; the first is the baseline."""

    model_config = ConfigDict(strict=True, frozen=True)
    section: ClassVar[str] = "models"


def available() -> list[str]:
    """Return the names of the models that digits/models defines, sorted."""
    files = sorted(Path(__file__).parents[1].glob("models/*.py"))
    return [file.stem for file in files if "\ndef build(" in "\n" + file.read_text("utf-8")]


class FetchParams(Section, section="fetch"):
    """Where the images come from, and what they must be."""

    source: str = Field(min_length=1, description="a name of the catalogue, a file or a folder")
    sha256: str | None = Field(
        pattern="^[0-9a-f]{64}$", description="of the four arrays; null: the catalogue's, or any"
    )
    title: Name | None = Field(description="of data of your own; null: the name of the file")
    classes: Annotated[list[Name], AfterValidator(unique)] | None = Field(
        min_length=2, max_length=MOST_CLASSES, description="in order; null: numbers, or folders"
    )
    prepare: Preparation = Field(
        description="how a picture becomes an image: its ink placed, scaled, or as it is"
    )
    size: list[Size] | None = Field(
        min_length=2, max_length=2, description="height and width, for resize"
    )
    colour: Literal["grey", "rgb"] = Field(description="what is kept of pictures of your own")
    held_out: float = Field(gt=0, lt=1, description="share for testing, without a folder test")
    seed: int = Field(ge=0, lt=2**32, description="of the order of pictures, and of that choice")
    duplicates: Literal["warn", "refuse", "drop"] = Field(
        description="images for training and for testing, in two classes, or without contrast"
    )


class PreprocessParams(Section, section="preprocess"):
    """Which examples train, validate and test the models."""

    limit: int | None = Field(
        ge=1, le=10**9, description="use the first N examples of each split; null: all"
    )
    validation: int = Field(ge=0, le=10**9, description="training examples in the validation split")
    seed: int = Field(ge=0, lt=2**32, description="of the choice of the validation split")


class RobustnessParams(Section, section="robustness"):
    """Severities of each corruption of the test images, beside 0; an empty list leaves it out."""

    seed: int = Field(ge=0, lt=2**32, description="of the directions and of the noise")
    shift: list[Annotated[int, Field(ge=1, le=256)]] = Field(description="pixels")
    rotation: list[Annotated[float, Field(gt=0, le=180)]] = Field(description="degrees, either way")
    noise: list[Share] = Field(description="standard deviation; ink is 1")
    blur: list[Annotated[float, Field(gt=0, le=64)]] = Field(
        description="standard deviation, pixels"
    )
    contrast: list[Share] = Field(description="share of the contrast lost")
    inversion: list[Share] = Field(description="1: the negative")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(isinstance(value, list) and value for value in dict(self).values()):
            raise ValueError("at least one corruption")
        return self
