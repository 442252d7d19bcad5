"""The section `train` of params.yaml."""

from typing import Literal

from pydantic import Field

from digits.params import Section


class TrainParams(Section, section="train"):
    """How every model is trained, unless its own section says otherwise."""

    seed: int = Field(ge=0, lt=2**32, description="of the initial weights and of the shuffling")
    epochs: int = Field(ge=1, le=10_000, description="passes over the training examples")
    batch_size: int = Field(ge=1, le=1_000_000, description="examples in a step of the optimizer")
    learning_rate: float = Field(gt=0, le=1, description="of Adam")
    workers: int = Field(ge=1, le=256, description="processes that train together")
    device: Literal["cpu", "gpu"] = Field(description="what computes; other bytes on each GPU")
