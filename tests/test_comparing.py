"""The statistics of a comparison: against published numbers, scipy, and by enumeration."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy import stats

from digits.comparing import (
    Accuracy,
    Comparison,
    fisher_exact,
    paired,
    paired_interval,
    unpaired_interval,
)


def test_the_paired_interval_is_the_published_one():
    # Cavo et al. (2012): 6 against 16 of 161 pairs; in Fagerland, Lydersen and Laake, chapter 8
    assert paired_interval(6, 16, 161) == pytest.approx((-0.1195, -0.0032), abs=5e-5)


def test_the_paired_interval_by_hand():
    # 8 and 2 of 98: 9/100 - 3/100 = 0.06 +- 1.96 sqrt((0.12 - 0.0036) / 100)
    assert paired_interval(8, 2, 98) == pytest.approx((-0.00687, 0.12687), abs=5e-6)
    assert paired_interval(2, 8, 98) == pytest.approx((-0.12687, 0.00687), abs=5e-6)
    # none: +- 1.96 sqrt(2 / 10,002) / sqrt(10,002): about 1.96 * 1.414 / 10,002
    assert paired_interval(0, 0, 10_000) == pytest.approx((-0.000277, 0.000277), abs=5e-7)
    assert paired_interval(1, 0, 1)[1] == 1


@pytest.mark.parametrize(("gained", "lost"), [(0.1, 0.1), (0.2, 0.05), (0.15, 0.02), (0.3, 0.2)])
def test_the_paired_interval_covers_the_truth_as_often_as_it_says(gained, lost):
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


@pytest.mark.parametrize(
    ("new", "old", "interval"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1)),
    ],
)
def test_the_unpaired_interval_is_newcombes(new, old, interval):
    # Table II of the paper, method 10
    assert unpaired_interval(Accuracy(*old), Accuracy(*new)) == pytest.approx(interval, abs=5e-5)


def test_fishers_test_by_hand():
    # the lady tasting tea: 3 of 4, against 1 of 4: 1 - 36/70, which is the even split
    assert fisher_exact(Accuracy(3, 4), Accuracy(1, 4)) == 34 / 70
    assert fisher_exact(Accuracy(10, 10), Accuracy(7, 7)) == 1
    # Fisher's twins: 10 of 13 against 2 of 17
    assert fisher_exact(Accuracy(10, 13), Accuracy(2, 17)) == pytest.approx(0.000537, abs=5e-7)


def test_fishers_test_is_scipys():
    for a, b in product(range(8), range(12)):
        want = stats.fisher_exact([[a, 7 - a], [b, 11 - b]]).pvalue
        assert fisher_exact(Accuracy(a, 7), Accuracy(b, 11)) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize(
    ("old", "new"), [((9_261, 10_000), (9_290, 10_000)), ((480, 500), (9_768, 10_000))]
)
def test_fishers_test_of_large_counts_is_scipys(old, new):
    want = stats.fisher_exact([[old[0], old[1] - old[0]], [new[0], new[1] - new[0]]]).pvalue
    assert fisher_exact(Accuracy(*old), Accuracy(*new)) == pytest.approx(want, rel=1e-9)


def answers(both, fixed, broke, neither):
    """Two versions' right answers, of which so many are which."""
    old = np.repeat([True, False, True, False], [both, fixed, broke, neither])
    new = np.repeat([True, True, False, False], [both, fixed, broke, neither])
    return old, new


def test_a_pair():
    pair = paired("hidden", *answers(80, 10, 2, 8))
    assert (pair.model, pair.old, pair.new) == ("hidden", Accuracy(82, 100), Accuracy(90, 100))
    assert (pair.fixed, pair.broke, pair.test) == (10, 2, "McNemar's exact test")
    assert pair.difference == pytest.approx(0.08)
    assert pair.interval == paired_interval(10, 2, 100)
    assert pair.p == pytest.approx(stats.binomtest(10, 12).pvalue)


def test_counts_alone():
    counts = Comparison("basic", Accuracy(900, 1000), Accuracy(480, 500))
    assert (counts.fixed, counts.broke, counts.test) == (None, None, "Fisher's exact test")
    assert counts.difference == pytest.approx(0.06)
    assert counts.interval == unpaired_interval(Accuracy(900, 1000), Accuracy(480, 500))
    assert counts.p == pytest.approx(stats.fisher_exact([[900, 100], [480, 20]]).pvalue)


@pytest.mark.parametrize(
    ("fixed", "broke", "verdict"),
    [
        (6, 0, "better"),  # p = 0.031
        (5, 0, "within noise"),  # p = 0.063
        (0, 6, "worse"),
        (0, 5, "within noise"),
        (0, 0, "within noise"),
        (60, 40, "within noise"),  # p = 0.057
        (61, 39, "better"),  # p = 0.035
    ],
)
def test_verdicts_of_pairs(fixed, broke, verdict):
    assert paired("hidden", *answers(50, fixed, broke, 5)).verdict == verdict


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [((90, 100), (98, 100), "better"), ((98, 100), (90, 100), "worse"),
     ((90, 100), (97, 100), "within noise")],
)  # fmt: skip
def test_verdicts_of_counts(old, new, verdict):
    assert Comparison("hidden", Accuracy(*old), Accuracy(*new)).verdict == verdict


def test_a_pair_shows_what_counts_alone_do_not():
    pair = paired("hidden", *answers(900, 20, 4, 76))
    assert pair.verdict == "better"
    assert Comparison("hidden", pair.old, pair.new).verdict == "within noise"


def test_an_accuracy():
    low, high = Accuracy(8, 10).interval
    assert Accuracy(8, 10).share == 0.8
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=5e-5)
