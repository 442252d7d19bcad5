"""Choose the mistakes that are worth a look."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.scoring import confusion_matrix


def surest(
    labels: NDArray[Any], predicted: NDArray[Any], confidence: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the indices of the wrong answers, the most confident first. All arrays: (n,)."""
    wrong = np.flatnonzero(predicted != labels)
    return wrong[np.argsort(-confidence[wrong], kind="stable")]


def pairs(labels: NDArray[Any], predicted: NDArray[Any]) -> list[tuple[int, int, int]]:
    """Return (actual, predicted, count) of what is confused, the most frequent first."""
    counts = confusion_matrix(labels, predicted)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[: np.count_nonzero(counts)]
    return [(*divmod(int(place), len(counts)), int(counts.flat[place])) for place in order]
