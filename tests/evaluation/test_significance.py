"""Against scipy's binomial test, and by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest

from digits.evaluation.significance import compare, mcnemar_exact, wilson_interval


@pytest.mark.parametrize(
    ("right", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (1, 2), (9_261, 10_000), (97, 100)]
)
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_the_interval_is_scipys(right, n, level):
    wanted = binomtest(right, n).proportion_ci(level, method="wilson")
    assert wilson_interval(right, n, level) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_an_interval_by_hand():
    # 8 of 10 with z = 1.96: (0.8 + 0.19208 +- 1.96 sqrt(0.016 + 0.009604)) / 1.38416
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=5e-5)


def test_the_interval_of_a_perfect_model_has_a_width():
    low, high = wilson_interval(100, 100)
    assert high == 1
    assert low == pytest.approx(100 / (100 + 1.959964**2))


@pytest.mark.parametrize(
    ("fixed", "broke"), [(0, 0), (1, 0), (0, 6), (5, 5), (3, 8), (8, 3), (539, 32), (40, 41)]
)
def test_the_p_value_is_scipys(fixed, broke):
    wanted = binomtest(fixed, fixed + broke).pvalue if fixed + broke else 1
    assert mcnemar_exact(fixed, broke) == pytest.approx(wanted, rel=1e-9)


def test_p_values_by_hand():
    assert mcnemar_exact(0, 0) == mcnemar_exact(5, 5) == 1
    assert mcnemar_exact(6, 0) == 2 / 64
    assert mcnemar_exact(7, 1) == mcnemar_exact(1, 7) == 2 * (1 + 8) / 256


def test_a_p_value_below_the_smallest_float_is_zero_and_large_counts_are_quick():
    assert mcnemar_exact(3_000, 0) == 0
    assert mcnemar_exact(20_000, 20_000) == 1


def test_a_pair_of_models():
    old = np.array([True, True, False, False, False, False, False, False, False])
    new = np.array([True, False, True, True, True, True, True, True, False])
    assert compare(old, new) == {"fixed": 6, "broke": 1, "mcnemar_p": 0.125}
    assert compare(new, old) == {"fixed": 1, "broke": 6, "mcnemar_p": 0.125}
    assert compare(old, old) == {"fixed": 0, "broke": 0, "mcnemar_p": 1}
