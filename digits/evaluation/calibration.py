"""Calibration: a model's confidence against its accuracy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Bins of equal width over 0-1, as in the paper that `expected_calibration_error` names."""


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS
) -> dict[str, NDArray[Any]]:
    """Return the edges, mean confidence, accuracy and count of examples of each bin.

    confidence: (n,), 0-1, the probability of the predicted class. right: (n,). A bin excludes its
    lower edge and includes its upper edge. Empty bins hold NaN.
    """
    edges = np.linspace(0, 1, bins + 1)
    index = np.searchsorted(edges[1:-1], confidence, side="left")
    count = np.bincount(index, minlength=bins)
    filled = np.where(count, count, np.nan)
    return {
        "low": edges[:-1],
        "high": edges[1:],
        "confidence": np.bincount(index, confidence, bins) / filled,
        "accuracy": np.bincount(index, right, bins) / filled,
        "count": count,
    }


def expected_calibration_error(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS
) -> float:
    """Return the mean over the examples of their bin's |accuracy - confidence|.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural
    networks", ICML 2017, equation 3, with its 15 bins of equal width.
    """
    curve = reliability(confidence, right, bins)
    gaps = np.abs(curve["accuracy"] - curve["confidence"]) * curve["count"]
    return float(np.nansum(gaps) / len(confidence))
