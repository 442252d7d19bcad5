"""What the page is made from."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from digits.data.dataset import Dataset
from digits.data.info import DatasetInfo
from digits.errors import ArtifactError
from digits.evaluation.doubt import Usual

if TYPE_CHECKING:
    from digits.inference.network import Network

LIBRARIES = ("tensorflow", "keras", "numpy", "pandas", "dvc")
"""Libraries on which the results depend."""


class Model(NamedTuple):
    """What there is to tell of one model."""

    name: str
    place: int
    """In the list of models, from 0, the baseline: decides on the colour and the marker."""
    network: "Network"
    scores: Mapping[str, Any]
    """As evaluate writes them."""
    kept: float
    """The mean accuracy over all corruptions."""
    kept_unseen: float | None
    """The same over those that no model learned from."""
    trained_on: Sequence[str]
    """Corruptions that it learned from: no fair test of it."""
    history: pd.DataFrame
    predictions: pd.DataFrame
    """A row for each test image: actual and predicted, as places in the classes; confidence."""
    classes: pd.DataFrame
    calibration: pd.DataFrame
    robustness: pd.DataFrame


class Findings(NamedTuple):
    """All that the page tells."""

    models: Sequence[Model]
    dataset: Dataset
    data: DatasetInfo
    described: Mapping[str, Any]
    """What explore counted in each split."""
    settings: Mapping[str, Any]
    """The values of params.yaml by their dotted names."""
    versions: Mapping[str, str]
    hashes: Mapping[str, str]
    stages: Mapping[str, Any]
    """As dvc.yaml has them."""
    usual: Usual


def best(models: Sequence[Model]) -> Model:
    """Return the model that gets most test images right; of several the first."""
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
