"""The section `robustness` of params.yaml."""

from typing import Annotated

from pydantic import Field

from digits.params import Section

Pixels = Annotated[int, Field(ge=1, le=256)]
Degrees = Annotated[float, Field(gt=0, le=180)]
Sigma = Annotated[float, Field(gt=0, le=64)]
Share = Annotated[float, Field(gt=0, le=1)]


class Robustness(Section, section="robustness"):
    """How the test images are spoiled: severities for each corruption; 0 is measured anyway."""

    seed: int = Field(ge=0, lt=2**32, description="of the directions and of the noise")
    shift: list[Pixels] = Field(min_length=1, description="pixels")
    rotation: list[Degrees] = Field(min_length=1, description="degrees, either way")
    noise: list[Share] = Field(min_length=1, description="standard deviation; ink is 1")
    blur: list[Sigma] = Field(min_length=1, description="standard deviation in pixels")
    contrast: list[Share] = Field(min_length=1, description="share of the contrast lost")
    inversion: list[Share] = Field(min_length=1, description="1: white ink on black paper")
