"""Against scipy's binomial test, and by hand."""

from math import comb

import pytest
from scipy.stats import binomtest

from digits.evaluation.significance import mcnemar_exact, paired_interval, wilson_interval


@pytest.mark.parametrize(
    ("right", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (1, 2), (9_261, 10_000), (97, 100)]
)
def test_the_interval_is_scipys(right, n):
    wanted = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(right, n) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


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


def test_the_interval_of_a_pair_is_the_published_one():
    # Cavo et al. (2012): 6 against 16 of 161 pairs; in Fagerland, Lydersen and Laake, chapter 8
    assert paired_interval(6, 16, 161) == pytest.approx((-0.1195, -0.0032), abs=5e-5)


def test_the_interval_of_a_pair_by_hand():
    # 8 and 2 of 98: 9/100 - 3/100 = 0.06 +- 1.96 sqrt((0.12 - 0.0036) / 100)
    assert paired_interval(8, 2, 98) == pytest.approx((-0.00687, 0.12687), abs=5e-6)
    assert paired_interval(2, 8, 98) == pytest.approx((-0.12687, 0.00687), abs=5e-6)
    # none: +- 1.96 sqrt(2 / 10,002) / sqrt(10,002): about 1.96 * 1.414 / 10,002
    assert paired_interval(0, 0, 10_000) == pytest.approx((-0.000277, 0.000277), abs=5e-7)
    assert paired_interval(1, 0, 1)[1] == 1


@pytest.mark.parametrize(("gained", "lost"), [(0.1, 0.1), (0.2, 0.05), (0.15, 0.02), (0.3, 0.2)])
def test_the_interval_of_a_pair_covers_the_truth_as_often_as_it_says(gained, lost):
    covered, n = 0.0, 50
    for fixed in range(n + 1):
        for broke in range(n + 1 - fixed):
            low, high = paired_interval(fixed, broke, n)
            if low <= gained - lost <= high:
                ways = comb(n, fixed) * comb(n - fixed, broke)
                covered += (
                    ways * gained**fixed * lost**broke * (1 - gained - lost) ** (n - fixed - broke)
                )
    assert 0.94 < covered < 0.98
