"""The comparison of two versions."""

import pytest
from scipy import stats

from digits.evaluation.comparison import compare_models, parse_record
from digits.evaluation.significance import paired_interval


def record(labels="a", examples=200, **wrong):
    models = {name: {"predicted": [], "wrong": indices} for name, indices in wrong.items()}
    return parse_record({"labels_sha256": labels, "examples": examples, **models})


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
    found = compare_models(old, new)["m"]
    p = stats.binomtest(fixed, fixed + broke).pvalue if fixed + broke else 1
    assert found["p"] == pytest.approx(p, rel=0.005)
    assert (found["verdict"], found["fixed"], found["broke"]) == (verdict, fixed, broke)
    assert found["difference"] == pytest.approx((fixed - broke) / 200)
    ends = found["difference_low"], found["difference_high"]
    assert ends == pytest.approx(paired_interval(fixed, broke, 200), abs=1e-6)


def test_an_accuracy():
    assert compare_models(record(examples=10), record(examples=10, m=[0, 9]))["m"]["new"] == {
        "accuracy": 0.8,
        "accuracy_low": pytest.approx(0.4902, abs=5e-5),
        "accuracy_high": pytest.approx(0.9433, abs=5e-5),
        "right": 8,
        "examples": 10,
    }


def test_models_of_either_version_in_the_order_of_the_new_one():
    old, new = record(a=[0, 1, 2, 3], b=[], c=[5]), record(d=[9], c=[6], a=[3, 4])
    found = compare_models(old, new)
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
    found = compare_models(old, new)
    assert [model["verdict"] for model in found.values()] == [None, "new", "removed"]
    assert all(model["p"] is None for model in found.values())
