"""Against scipy's binned statistics, and by hand."""

import numpy as np
import pytest
from scipy.stats import binned_statistic

from digits.evaluation.calibration import expected_calibration_error, reliability


@pytest.fixture
def overconfident():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.1, 1, 2_000)
    return confidence, random.random(2_000) < confidence**2


def test_the_curve_is_scipys(overconfident):
    confidence, right = overconfident
    curve = reliability(confidence, right)
    accuracy, edges, _ = binned_statistic(confidence, right, "mean", 15, (0, 1))
    mean, _, _ = binned_statistic(confidence, confidence, "mean", 15, (0, 1))
    np.testing.assert_allclose(curve["accuracy"], accuracy)
    np.testing.assert_allclose(curve["confidence"], mean)
    np.testing.assert_allclose([*curve["low"], curve["high"][-1]], edges)
    counts = np.histogram(confidence, 15, (0, 1))[0]
    np.testing.assert_array_equal(curve["count"], counts)
    wanted = np.nansum(abs(accuracy - mean) * counts) / 2_000
    assert wanted > 0.1
    assert expected_calibration_error(confidence, right) == pytest.approx(wanted)


def test_a_curve_by_hand():
    confidence = np.array([0.5, 0.25, 0.75, 1.0, 1.0])
    right = np.array([True, False, False, True, True])
    curve = reliability(confidence, right, bins=2)  # 0.5 belongs to the lower bin
    assert curve["count"].tolist() == [2, 3]
    assert curve["confidence"].tolist() == [0.375, pytest.approx(2.75 / 3)]
    assert curve["accuracy"].tolist() == [0.5, pytest.approx(2 / 3)]
    error = expected_calibration_error(confidence, right, bins=2)
    assert error == pytest.approx((2 * 0.125 + 3 * 0.25) / 5)


def test_empty_bins_are_nan():
    curve = reliability(np.ones(7), np.ones(7, bool))
    assert curve["count"].tolist() == [0] * 14 + [7]
    assert np.isnan(curve["accuracy"][:14]).all()
    assert np.isnan(curve["confidence"][:14]).all()
    assert reliability(np.zeros(3), np.zeros(3, bool))["count"][0] == 3


@pytest.mark.parametrize(
    ("confidence", "right", "error"), [(1, 100, 0), (1, 0, 1), (0.1, 10, 0), (0.9, 10, 0.8)]
)
def test_the_error_of_a_constant_confidence(confidence, right, error):
    found = expected_calibration_error(np.full(100, confidence), np.arange(100) < right)
    assert found == pytest.approx(error)
