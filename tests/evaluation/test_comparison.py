"""The comparison of two versions, against scipy's binomial test and by hand."""

import pytest
from scipy.stats import binomtest

from digits.evaluation.comparison import (
    accuracy,
    compare_models,
    mcnemar_exact,
    paired_interval,
    parse_record,
)


def record(labels="a", examples=200, **wrong):
    models = {name: {"predicted": [], "wrong": indices} for name, indices in wrong.items()}
    return parse_record({"labels_sha256": labels, "examples": examples, **models})


def test_models_of_either_version_in_the_order_of_the_new_one():
    old = record(a=[0, 1, 2, 3], b=[], c=[*range(6)], e=[*range(5)])
    found = compare_models(old, record(d=[9], c=[], e=[], a=[3, 4]))
    assert [(name, model["verdict"]) for name, model in found.items()] == [
        ("d", "new"), ("c", "better"), ("e", "within noise"),  # p = 0.031 and 0.063
        ("a", "within noise"), ("b", "removed"),
    ]  # fmt: skip
    assert (found["a"]["fixed"], found["a"]["broke"]) == (3, 1)
    assert (found["d"]["old"], found["b"]["new"]) == (None, None)
    assert (found["d"]["new"]["right"], found["b"]["old"]["right"]) == (199, 200)
    assert len({tuple(model) for model in found.values()}) == 1  # the same keys


@pytest.mark.parametrize(
    ("right", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (1, 2), (9_261, 10_000), (97, 100)]
)
def test_the_interval_of_an_accuracy_is_scipys(right, n):
    wanted = binomtest(right, n).proportion_ci(0.95, method="wilson")
    found = accuracy(n - right, n)
    assert (found["accuracy"], found["right"], found["examples"]) == (right / n, right, n)
    ends = found["accuracy_low"], found["accuracy_high"]
    assert ends == pytest.approx((wanted.low, wanted.high), abs=1e-6)


@pytest.mark.parametrize(
    ("fixed", "broke"), [(1, 0), (0, 6), (5, 5), (3, 8), (8, 3), (539, 32), (3_000, 0)]
)
def test_the_p_value_is_scipys(fixed, broke):
    wanted = binomtest(fixed, fixed + broke).pvalue
    assert mcnemar_exact(fixed, broke) == pytest.approx(wanted, rel=0.005)
    assert mcnemar_exact(20_000, 20_000) == mcnemar_exact(0, 0) == 1  # and it takes no minutes


def test_the_interval_of_a_pair_is_the_published_one():
    # Cavo et al. (2012): 6 against 16 of 161 pairs; in Fagerland, Lydersen and Laake, chapter 8
    assert paired_interval(6, 16, 161) == pytest.approx((-0.1195, -0.0032), abs=5e-5)
    # none: +- 1.96 sqrt(2 / 10,002) / sqrt(10,002): about 1.96 * 1.414 / 10,002
    assert paired_interval(0, 0, 10_000) == pytest.approx((-0.000277, 0.000277), abs=5e-7)
    assert paired_interval(1, 0, 1)[1] == 1
