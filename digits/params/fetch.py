"""The section `fetch` of params.yaml."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from digits.params import Section
from digits.params.limits import LARGEST, MOST_CLASSES, SMALLEST, Preparation, unique

Name = Annotated[str, Field(min_length=1, max_length=200)]
Pixels = Annotated[int, Field(ge=SMALLEST, le=LARGEST)]


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
    size: list[Pixels] | None = Field(
        min_length=2, max_length=2, description="height and width, for resize"
    )
    held_out: float = Field(gt=0, lt=1, description="share for testing, without a folder test")
    seed: int = Field(ge=0, lt=2**32, description="of the order of pictures, and of that choice")
    duplicates: Literal["warn", "refuse", "drop"] = Field(
        description="images for training and for testing, in two classes, or without contrast"
    )
