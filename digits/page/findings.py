"""What the page is made from."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from digits.data.dataset import Dataset
from digits.data.info import DatasetInfo
from digits.evaluation.uncertainty import ReferenceDistribution
from digits.inference.network import Network


class Model(NamedTuple):
    """What the page shows of one model.

    place: in the list of models, from 0, the baseline: it decides on the colour and the marker;
    scores, robustness: as `read_results` and `read_robustness` return them; predictions: a row for
    each test image: actual and predicted, as places in the classes; confidence.
    """

    name: str
    place: int
    network: Network
    scores: Mapping[str, Any]
    robustness: Mapping[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame
    classes_table: pd.DataFrame
    calibration_table: pd.DataFrame
    robustness_table: pd.DataFrame


class Findings(NamedTuple):
    """What the page shows; settings: the values of params.yaml by their dotted names."""

    models: Sequence[Model]
    dataset: Dataset
    data: DatasetInfo
    settings: Mapping[str, Any]
    reference: ReferenceDistribution
