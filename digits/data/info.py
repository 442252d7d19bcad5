"""Describe a data set: fetch writes it beside the arrays, and all other stages read it."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digits.errors import ArtifactError
from digits.files.atomic import read_json
from digits.params.limits import LARGEST, MOST_CLASSES, SMALLEST, Preparation

FILE = "data/raw/info.json"

FEW = 30
"""Classes up to which matrices show each one, with its name and counts."""
LETTERS = 14
"""Of a class's name, in labels."""


class DatasetCard(BaseModel):
    """Describe a data set in words."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    title: str = Field(description="its name")
    heading: str = Field(description="the headline of the page")
    noun: str = Field(description="what an image shows, as digit")
    nouns: str = Field(description="the plural")
    classes: list[str] = Field(min_length=2, max_length=MOST_CLASSES, description="names, in order")
    prepare: Preparation = Field(description="how a picture becomes such an image")
    known: str = Field(description="what its images are like; others are answered worse")
    origin: str = Field(description="authors and licence, as the end of a sentence")


class DatasetInfo(DatasetCard):
    """Describe a data set in words, sizes and its hash."""

    height: int = Field(ge=SMALLEST, le=LARGEST, description="pixels")
    width: int = Field(ge=SMALLEST, le=LARGEST, description="pixels")
    train: int = Field(ge=1, description="how many images there are to train with")
    test: int = Field(ge=1, description="how many there are to test with")
    sha256: str = Field(description="of the four arrays: digits.data.dataset.content_sha256")

    @property
    def sizes(self) -> tuple[int, int]:
        """Return how many pixels an image has, and how many classes there are."""
        return self.height * self.width, len(self.classes)


def read_info(path: str = FILE) -> DatasetInfo:
    """Return what fetch wrote. Raises ArtifactError."""
    try:
        return DatasetInfo.model_validate(read_json(path))
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ArtifactError(f"{path}: {where}: {first['msg']}. `dvc repro` rebuilds it.") from None


def short(name: str) -> str:
    """Return a class's name in at most LETTERS, for labels."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
