"""The statistics of a comparison: against published numbers, scipy, and by enumeration."""

from math import comb

import pytest
from scipy import stats

from digits.evaluation.comparison import compare, interval, read


def test_the_interval_is_the_published_one():
    # Cavo et al. (2012): 6 against 16 of 161 pairs; in Fagerland, Lydersen and Laake, chapter 8
    assert interval(6, 16, 161) == pytest.approx((-0.1195, -0.0032), abs=5e-5)


def test_the_interval_by_hand():
    # 8 and 2 of 98: 9/100 - 3/100 = 0.06 +- 1.96 sqrt((0.12 - 0.0036) / 100)
    assert interval(8, 2, 98) == pytest.approx((-0.00687, 0.12687), abs=5e-6)
    assert interval(2, 8, 98) == pytest.approx((-0.12687, 0.00687), abs=5e-6)
    # none: +- 1.96 sqrt(2 / 10,002) / sqrt(10,002): about 1.96 * 1.414 / 10,002
    assert interval(0, 0, 10_000) == pytest.approx((-0.000277, 0.000277), abs=5e-7)
    assert interval(1, 0, 1)[1] == 1


@pytest.mark.parametrize(("gained", "lost"), [(0.1, 0.1), (0.2, 0.05), (0.15, 0.02), (0.3, 0.2)])
def test_the_interval_covers_the_truth_as_often_as_it_says(gained, lost):
    covered, n = 0.0, 50
    for fixed in range(n + 1):
        for broke in range(n + 1 - fixed):
            low, high = interval(fixed, broke, n)
            if low <= gained - lost <= high:
                ways = comb(n, fixed) * comb(n - fixed, broke)
                covered += (
                    ways * gained**fixed * lost**broke * (1 - gained - lost) ** (n - fixed - broke)
                )
    assert 0.94 < covered < 0.98


def record(labels="a", examples=200, **wrong):
    models = {name: {"predicted": [], "wrong": indices} for name, indices in wrong.items()}
    return read({"labels_sha256": labels, "examples": examples, **models})


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
def test_a_pair(fixed, broke, verdict):
    both = [*range(100, 120)]  # wrong in both versions
    old, new = record(m=[*range(fixed), *both]), record(m=[*both, *range(120, 120 + broke)])
    found = compare(old, new)["m"]
    p = stats.binomtest(fixed, fixed + broke).pvalue if fixed + broke else 1
    assert found["p"] == pytest.approx(p, rel=0.005)
    assert (found["verdict"], found["fixed"], found["broke"]) == (verdict, fixed, broke)
    assert found["difference"] == pytest.approx((fixed - broke) / 200)
    ends = found["difference_low"], found["difference_high"]
    assert ends == pytest.approx(interval(fixed, broke, 200), abs=1e-6)


def test_an_accuracy():
    assert compare(record(examples=10), record(examples=10, m=[0, 9]))["m"]["new"] == {
        "accuracy": 0.8,
        "accuracy_low": pytest.approx(0.4902, abs=5e-5),
        "accuracy_high": pytest.approx(0.9433, abs=5e-5),
        "right": 8,
        "examples": 10,
    }


def test_models_of_either_version_in_the_order_of_the_new_one():
    old, new = record(a=[0, 1, 2, 3], b=[], c=[5]), record(d=[9], c=[6], a=[3, 4])
    found = compare(old, new)
    assert [(name, model["verdict"]) for name, model in found.items()] == [
        ("d", "new"), ("c", "within noise"), ("a", "within noise"), ("b", "removed"),
    ]  # fmt: skip
    assert (found["a"]["fixed"], found["a"]["broke"]) == (3, 1)
    assert (found["d"]["old"], found["b"]["new"]) == (None, None)
    assert (found["d"]["new"]["right"], found["b"]["old"]["right"]) == (199, 200)
    assert len({tuple(model) for model in found.values()}) == 1  # the same keys


@pytest.mark.parametrize("other", [{"labels": "b"}, {"examples": 201}])
def test_other_examples_are_not_paired(other):
    old, new = record(a=[1], b=[1]), record(a=[*range(10)], c=[1], **other)
    found = compare(old, new)
    assert [model["verdict"] for model in found.values()] == [None, "new", "removed"]
    assert all(model["p"] is None for model in found.values())
