"""The colours of the models, by their place in the list of params.yaml."""

COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""From Okabe and Ito, "Color universal design" (2008): told apart with any colour vision."""


def colour(place: int) -> str:
    """Return the colour of the model at `place`, from 0, in the list."""
    return COLOURS[place % len(COLOURS)]
