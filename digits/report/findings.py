"""What the page is made from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits.dataset import Dataset

NAMES = ("basic", "hidden")
"""The models, in the order in which they are shown."""


class Findings(NamedTuple):
    """All that the page tells. What there is for each model is a mapping from its name."""

    scores: Mapping[str, Any]
    """As evaluate writes them."""
    described: Mapping[str, Any]
    """The dataset, as explore describes it."""
    robustness: pd.DataFrame
    """Columns: corruption, severity, and the accuracy of each model."""
    mean_robustness: Mapping[str, Mapping[str, float]]
    """For each model mean_accuracy, over all corruptions."""
    histories: Mapping[str, pd.DataFrame]
    predictions: Mapping[str, pd.DataFrame]
    """A row for each test image: actual, predicted, confidence."""
    classes: Mapping[str, pd.DataFrame]
    calibration: Mapping[str, pd.DataFrame]
    weights: Mapping[str, list[NDArray[np.float32]]]
    """Kernel (inputs, outputs) and bias (outputs,) of each layer, one after the other."""
    dataset: Dataset
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    hashes: Mapping[str, str]
