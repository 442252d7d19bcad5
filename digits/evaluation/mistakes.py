"""Choose the mistakes that are worth a look."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def surest(
    labels: NDArray[Any], predicted: NDArray[Any], confidence: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the indices of the wrong answers, the most confident first. All arrays: (n,)."""
    wrong = np.flatnonzero(predicted != labels)
    return wrong[np.argsort(-confidence[wrong], kind="stable")]


def percent(confidence: float) -> str:
    """Write a confidence as text that never claims to be certainty."""
    return "> 99.9%" if confidence >= 0.9995 else f"{confidence:.1%}"
