"""The list `models` of params.yaml."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, RootModel, field_validator

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class Models(RootModel[Annotated[list[Name], Field(min_length=1)]]):
    """The models that are evaluated, compared and shown, in order; the first is the baseline."""

    model_config = ConfigDict(strict=True, frozen=True)

    section: ClassVar[str] = "models"

    @field_validator("root")
    @classmethod
    def _each_once(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("each model once")
        return names


def available() -> list[str]:
    """Return the names of the models that digits/models defines, sorted."""
    files = sorted(Path(__file__).parents[1].glob("models/*.py"))
    return [file.stem for file in files if "\ndef build(" in file.read_text(encoding="utf-8")]
