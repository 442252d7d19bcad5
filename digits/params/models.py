"""The list `models` of params.yaml."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, RootModel

from digits.params.stages import unique

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class Models(RootModel[Annotated[list[Name], Field(min_length=1), AfterValidator(unique)]]):
    """The models that are evaluated, compared and shown, in order; the first is the baseline."""

    model_config = ConfigDict(strict=True, frozen=True)
    section: ClassVar[str] = "models"


def available() -> list[str]:
    """Return the names of the models that digits/models defines, sorted."""
    files = sorted(Path(__file__).parents[1].glob("models/*.py"))
    return [file.stem for file in files if "\ndef build(" in "\n" + file.read_text("utf-8")]
