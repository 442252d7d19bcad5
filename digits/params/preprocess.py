"""The section `preprocess` of params.yaml."""

from pydantic import Field

from digits.params import Section


class PreprocessParams(Section, section="preprocess"):
    """How much of the data is used, and for what."""

    limit: int | None = Field(
        ge=1, le=10**9, description="use the first N examples of each split; null: all"
    )
    validation: int = Field(ge=0, le=10**9, description="training examples to hold out, stratified")
    seed: int = Field(ge=0, lt=2**32, description="of the choice of the held-out examples")
