"""The description of a data set: stage fetch writes it, all other stages read it."""

import math
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from digits.errors import ArtifactError, SourceError
from digits.files.atomic import read_json
from digits.messages import printable
from digits.params.stages import LARGEST, MOST_CLASSES, SMALLEST, Preparation

FILE = "data/raw/info.json"
FEW, LETTERS = 30, 14
"""Classes up to which confusion matrices show names and counts; the length of a name in labels."""


def different(names: list[str]) -> list[str]:
    """Return `names`. Raises SourceError if two are the same."""
    if len(set(names)) < len(names):
        raise SourceError("two names of classes differ in characters alone that cannot be shown")
    return names


Text = Annotated[str, AfterValidator(printable)]


class DatasetCard(BaseModel):
    """What a data set is, in words."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    title: Text = Field(description="its name")
    heading: Text = Field(description="the headline of the page")
    noun: str = Field(description="what an image shows, such as digit")
    nouns: str = Field(description="the plural")
    classes: Annotated[list[Text], AfterValidator(different)] = Field(
        min_length=2, max_length=MOST_CLASSES, description="names, in order"
    )
    prepare: Preparation = Field(description="how a picture becomes such an image")
    known: Text = Field(description="what its images are like; others are classified worse")
    origin: Text = Field(description="authors and licence, as the end of a sentence")


class DatasetInfo(DatasetCard):
    """What a data set is, in words and numbers."""

    height: int = Field(ge=SMALLEST, le=LARGEST, description="pixels")
    width: int = Field(ge=SMALLEST, le=LARGEST, description="pixels")
    channels: int = Field(1, description="1, or 3: red, green and blue")
    train: int = Field(ge=1, description="number of training images")
    test: int = Field(ge=1, description="number of test images")
    sha256: str = Field(description="of the four arrays: digits.data.dataset.content_sha256")

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (height, width) of an image, or (height, width, 3) if it is in colour."""
        return (self.height, self.width, self.channels)[: 2 if self.channels == 1 else 3]

    @property
    def sizes(self) -> tuple[int, int]:
        """Return the number of values of an image, and of classes."""
        return math.prod(self.shape), len(self.classes)


def read_info(path: str = FILE) -> DatasetInfo:
    """Return the description that fetch wrote. Raises ArtifactError."""
    try:
        return DatasetInfo.model_validate(read_json(path))
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ArtifactError(f"{path}: {where}: {first['msg']}. `dvc repro` rebuilds it.") from None


def short(name: str) -> str:
    """Return a class's name in at most LETTERS letters."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
