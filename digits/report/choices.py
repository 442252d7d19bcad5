"""Choose which of the test digits the page shows."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def right_examples(actual: Integers, predicted: Integers, each: int) -> Integers:
    """Return the rows of the first `each` right answers for every digit."""
    rows = [np.flatnonzero((actual == d) & (predicted == d))[:each] for d in np.unique(actual)]
    return np.concatenate(rows)


def chosen(actual: Integers, predictions: Iterable[Integers], each: int) -> Integers:
    """Return the rows, in order, of every mistake of any model, and of `right_examples` of each."""
    rows = [np.zeros(0, np.int64)]
    for predicted in predictions:
        rows += [np.flatnonzero(actual != predicted), right_examples(actual, predicted, each)]
    return np.unique(np.concatenate(rows))


def most_confident(
    actual: Integers, predicted: Integers, confidence: NDArray[np.float64], most: int
) -> Integers:
    """Return the rows of up to `most` mistakes, the surest first; among equals, the earlier."""
    wrong = np.flatnonzero(actual != predicted)
    return wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
