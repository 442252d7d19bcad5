import hashlib
import json

import numpy as np
import pytest

from digits.evaluation.scoring import (
    answers,
    by_class,
    calibration_error,
    confusion_matrix,
    probabilities,
    record,
    reliability,
    score,
)


def scored(logits, labels):
    said = answers(logits, labels)
    return score(said, labels, confusion_matrix(labels, said.predicted, logits.shape[1]))


def test_a_golden_confusion_matrix():
    actual, predicted = np.array([0, 0, 1, 2, 2, 2], np.uint8), np.array([0, 1, 1, 0, 2, 2])
    assert confusion_matrix(actual, predicted, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    assert confusion_matrix(actual + 97, actual + 97, 100)[99, 99] == 3  # no byte overflows


def test_probabilities_are_the_odds_of_the_sigmoids_divided_by_their_sum():
    logits = np.random.default_rng(0).normal(size=(20, 10))
    sigmoids = 1 / (1 + np.exp(-logits))
    odds = sigmoids / (1 - sigmoids)
    np.testing.assert_allclose(probabilities(logits), odds / odds.sum(axis=1, keepdims=True))
    assert probabilities(1e4 * np.eye(10)[[3]]).tolist() == np.eye(10)[[3]].tolist()


def test_answers_are_the_largest_logit_and_its_probability():
    logits = np.array([[0, np.log(4), *[-np.inf] * 8], [3, *[-np.inf] * 9]], np.float32)
    said = answers(logits, np.array([0, 0], np.uint8))
    assert said.predicted.tolist() == [1, 0]
    assert said.confidence.tolist() == [pytest.approx(0.8), 1]
    assert said.loss.tolist() == [pytest.approx(np.log(5)), 0]


def test_all_numbers_of_three_right_answers_of_four():
    labels = np.array([1, 2, 3, 4], np.uint8)
    sure = np.exp(10) / (np.exp(10) + 9)
    assert scored(10.0 * np.eye(10)[[1, 2, 3, 5]], labels) == {
        "accuracy": 0.75,
        "loss": round((-4 * np.log(sure) + 10) / 4, 4),
        "errors": 1,
        "macro_f1": 0.6,  # 1, 2, 3: 1 each; 4 and 5: 0; the other five do not occur
        "calibration_error": round(sure - 0.75, 4),
    }
    assert scored(np.zeros((4, 10)), labels)["loss"] == 2.3026  # ln(10)


def test_classes_by_hand():
    # 0: 3 of 4 found, one 1 taken for it. 2: no example and never predicted
    table = by_class(np.array([[3, 1, 0], [1, 5, 0], [0, 0, 0]]))
    for metric in ("precision", "recall", "f1"):
        assert table[metric].tolist() == [3 / 4, 5 / 6, 0]
    assert table["support"].tolist() == [4, 6, 0]


def test_the_record_pairs_any_two_versions_without_the_labels():
    labels = np.array([1, 2, 3], np.uint8)
    predicted = {"one": labels, "two": np.array([1, 7, 3], np.uint8)}
    kept = dict(json.loads(record(labels, predicted)))
    assert kept["labels_sha256"] == hashlib.sha256(bytes([1, 2, 3])).hexdigest()
    assert kept["examples"] == 3
    assert kept["one"] == {"predicted": [1, 2, 3], "wrong": []}
    assert kept["two"] == {"predicted": [1, 7, 3], "wrong": [1]}


def test_a_calibration_curve_by_hand():
    confidence = np.array([0.5, 0.25, 0.75, 1.0, 1.0])
    right = np.array([True, False, False, True, True])
    curve = reliability(confidence, right, bins=2)  # 0.5 belongs to the lower bin
    assert curve["count"].tolist() == [2, 3]
    assert curve["confidence"].tolist() == [0.375, pytest.approx(2.75 / 3)]
    assert curve["accuracy"].tolist() == [0.5, pytest.approx(2 / 3)]
    error = calibration_error(curve)
    assert error == pytest.approx((2 * 0.125 + 3 * 0.25) / 5)
    assert np.isnan(reliability(confidence, right)["accuracy"][:3]).all()  # of 15 bins
