"""The section `robustness` of params.yaml."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from digits.params import Section

Pixels = Annotated[int, Field(ge=1, le=256)]
Degrees = Annotated[float, Field(gt=0, le=180)]
Sigma = Annotated[float, Field(gt=0, le=64)]
Share = Annotated[float, Field(gt=0, le=1)]


class RobustnessParams(Section, section="robustness"):
    """Severities of each corruption of the test images, beside 0; an empty list leaves it out."""

    seed: int = Field(ge=0, lt=2**32, description="of the directions and of the noise")
    shift: list[Pixels] = Field(description="pixels")
    rotation: list[Degrees] = Field(description="degrees, either way")
    noise: list[Share] = Field(description="standard deviation; ink is 1")
    blur: list[Sigma] = Field(description="standard deviation in pixels")
    contrast: list[Share] = Field(description="share of the contrast lost")
    inversion: list[Share] = Field(description="1: the negative")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(isinstance(value, list) and value for value in dict(self).values()):
            raise ValueError("at least one corruption")
        return self
