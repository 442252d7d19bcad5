"""What the page is made from."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from digits.data.dataset import Dataset
from digits.data.info import DatasetInfo
from digits.errors import ArtifactError
from digits.evaluation.uncertainty import ReferenceDistribution

if TYPE_CHECKING:
    from digits.inference.network import Network

LIBRARIES = ("tensorflow", "keras", "numpy", "pandas", "dvc")
"""Libraries on which the results depend."""


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
    versions: Mapping[str, str]
    hashes: Mapping[str, str]
    reference: ReferenceDistribution


def best(models: Sequence[Model]) -> Model:
    """Return the model with the highest accuracy; of several the first."""
    return max(models, key=lambda model: float(model.scores["accuracy"]))


def pinned(path: str = "requirements/runtime.txt") -> dict[str, str]:
    """Return the versions of LIBRARIES that a requirements file pins.

    Not those of the running environment: the page would differ from one to the next.
    Raises ArtifactError if there is no such file, or a library is not pinned in it.
    """
    try:
        versions = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", Path(path).read_text(), re.MULTILINE))
        return {name: versions[name] for name in LIBRARIES}
    except OSError as fault:
        raise ArtifactError(f"{path} cannot be read: {fault}. It is in git.") from None
    except KeyError as missing:
        raise ArtifactError(
            f"{path}: expected a line {missing.args[0]}==VERSION, got none. `make lock` writes it."
        ) from None
