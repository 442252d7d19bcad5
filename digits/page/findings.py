"""What the page is made from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from digits.data.dataset import Dataset
from digits.data.info import DatasetInfo
from digits.evaluation.uncertainty import ReferenceDistribution

if TYPE_CHECKING:
    from digits.inference.network import Network


class Model(NamedTuple):
    """What the page shows of one model."""

    name: str
    place: int
    """In the list of models, from 0, the baseline: it decides on the colour and the marker."""
    network: "Network"
    scores: Mapping[str, Any]
    """As `read_results` returns them."""
    robustness: Mapping[str, Any]
    """As `read_robustness` returns it."""
    history: pd.DataFrame
    predictions: pd.DataFrame
    """A row for each test image: actual and predicted, as places in the classes; confidence."""
    classes_table: pd.DataFrame
    calibration_table: pd.DataFrame
    robustness_table: pd.DataFrame


class Findings(NamedTuple):
    """What the page shows."""

    models: Sequence[Model]
    dataset: Dataset
    data: DatasetInfo
    settings: Mapping[str, Any]
    """The values of params.yaml by their dotted names."""
    reference: ReferenceDistribution
