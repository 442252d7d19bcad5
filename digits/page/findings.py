"""What the page is made from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from digits.data.dataset import Dataset

if TYPE_CHECKING:
    from digits.models.inference import Dense


class Model(NamedTuple):
    """What there is to tell of one model."""

    name: str
    place: int
    """In the list of models, from 0, the baseline: decides on the colour and the marker."""
    form: str
    parameters: int
    layers: "Sequence[Dense]"
    """Those that the canvas computes; none if it cannot."""
    scores: Mapping[str, Any]
    """As evaluate writes them."""
    kept: float
    """The mean accuracy over all corruptions."""
    history: pd.DataFrame
    predictions: pd.DataFrame
    """A row for each test image: actual, predicted, confidence."""
    classes: pd.DataFrame
    calibration: pd.DataFrame
    robustness: pd.DataFrame


class Findings(NamedTuple):
    """All that the page tells."""

    models: Sequence[Model]
    dataset: Dataset
    described: Mapping[str, Any]
    """The dataset, as explore describes it."""
    settings: Mapping[str, Any]
    """The values of params.yaml by their dotted names."""
    versions: Mapping[str, str]
    hashes: Mapping[str, str]
