"""The section `train_hidden` of params.yaml."""

from typing import ClassVar

from pydantic import Field

from digits.params import Section


class TrainHidden(Section):
    """The shape of the hidden model."""

    section: ClassVar[str] = "train_hidden"

    units: int = Field(ge=1, le=100_000, description="of the hidden layer")
