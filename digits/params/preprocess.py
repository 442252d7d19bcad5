"""The section `preprocess` of params.yaml."""

from pydantic import Field

from digits.params import Section


class PreprocessParams(Section, section="preprocess"):
    """Which examples train, validate and test the models."""

    limit: int | None = Field(
        ge=1, le=10**9, description="use the first N examples of each split; null: all"
    )
    validation: int = Field(ge=0, le=10**9, description="training examples in the validation split")
    seed: int = Field(ge=0, lt=2**32, description="of the choice of the validation split")
