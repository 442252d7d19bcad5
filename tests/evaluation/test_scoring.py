import hashlib
import json

import numpy as np
import pytest

from digits.evaluation.answers import answers, joined, probabilities, record
from digits.evaluation.scoring import by_class, confusion_matrix, macro_f1, score


def logits_for(predicted, value=10.0):
    logits = np.zeros((len(predicted), 10))
    logits[np.arange(len(predicted)), predicted] = value
    return logits


def scored(said, labels):
    return score(said, labels, confusion_matrix(labels, said.predicted, 10))


def test_a_golden_confusion_matrix():
    actual, predicted = np.array([0, 0, 1, 2, 2, 2], np.uint8), np.array([0, 1, 1, 0, 2, 2])
    assert confusion_matrix(actual, predicted, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    assert confusion_matrix(actual + 97, actual + 97, 100)[99, 99] == 3  # no byte overflows


def test_a_model_that_knows_nothing_loses_ln_10():
    labels = np.array([7, 1], np.uint8)
    said = answers(np.zeros((2, 10), np.float32), labels)
    assert said.loss.tolist() == pytest.approx([np.log(10)] * 2)
    assert scored(said, labels)["loss"] == 2.3026


def test_probabilities_are_the_odds_of_the_sigmoids_divided_by_their_sum():
    logits = np.random.default_rng(0).normal(size=(20, 10))
    sigmoids = 1 / (1 + np.exp(-logits))
    odds = sigmoids / (1 - sigmoids)
    np.testing.assert_allclose(probabilities(logits), odds / odds.sum(axis=1, keepdims=True))
    assert probabilities(logits_for([3], value=1e4)).tolist() == np.eye(10)[[3]].tolist()


def test_all_numbers_of_three_right_answers_of_four():
    labels = np.array([1, 2, 3, 4], np.uint8)
    sure = np.exp(10) / (np.exp(10) + 9)
    found = scored(answers(logits_for([1, 2, 3, 5]), labels), labels)
    assert found == found | {
        "accuracy": 0.75,
        "loss": round((-4 * np.log(sure) + 10) / 4, 4),
        "errors": 1,
        "macro_f1": 0.6,  # 1, 2, 3: 1 each; 4 and 5: 0; the other five do not occur
        "calibration_error": round(sure - 0.75, 4),
    }


def test_classes_by_hand():
    # 0: 3 of 4 found, one 1 taken for it. 2: no example and never predicted
    table = by_class(np.array([[3, 1, 0], [1, 5, 0], [0, 0, 0]]))
    assert table["precision"].tolist() == [3 / 4, 5 / 6, 0]
    assert table["recall"].tolist() == [3 / 4, 5 / 6, 0]
    assert table["f1"].tolist() == [3 / 4, 5 / 6, 0]
    assert table["support"].tolist() == [4, 6, 0]


def test_a_constant_model_and_a_perfect_one():
    assert macro_f1(np.diag([3, 1, 4, 1, 5, 9, 2, 6, 5, 3])) == 1
    counts = np.zeros((10, 10), int)
    counts[:, 7] = 5  # balanced, and all taken for sevens
    assert by_class(counts)["precision"].tolist() == [0] * 7 + [0.1, 0, 0]
    assert macro_f1(counts) == pytest.approx(2 * 0.1 / 1.1 / 10)


def test_a_class_without_examples_counts_only_if_it_is_predicted():
    assert macro_f1(np.array([[4, 0, 0], [0, 6, 0], [0, 0, 0]])) == 1
    assert macro_f1(np.array([[4, 0, 0], [0, 5, 1], [0, 0, 0]])) == pytest.approx(
        (1 + 10 / 11 + 0) / 3
    )


def test_answers_are_the_largest_logit_and_its_probability():
    logits = np.array([[0, np.log(4), *[-np.inf] * 8], [3, *[-np.inf] * 9]], np.float32)
    said = answers(logits, np.array([0, 0], np.uint8))
    assert said.predicted.tolist() == [1, 0]
    assert said.confidence.tolist() == [pytest.approx(0.8), 1]
    assert said.loss.tolist() == [pytest.approx(np.log(5)), 0]


def test_answers_block_by_block_are_those_to_all():
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(25, 10)), random.integers(0, 10, 25)
    parts = [
        answers(logits[start : start + 10], labels[start : start + 10]) for start in (0, 10, 20)
    ]
    for some, whole in zip(joined(parts), answers(logits, labels), strict=True):
        np.testing.assert_array_equal(some, whole)


def test_the_record_pairs_any_two_versions_without_the_labels():
    labels = np.array([1, 2, 3], np.uint8)
    predicted = {"one": labels, "two": np.array([1, 7, 3], np.uint8)}
    kept = dict(json.loads(record(labels, predicted)))
    assert kept["labels_sha256"] == hashlib.sha256(bytes([1, 2, 3])).hexdigest()
    assert kept["examples"] == 3
    assert kept["one"] == {"predicted": [1, 2, 3], "wrong": []}
    assert kept["two"] == {"predicted": [1, 7, 3], "wrong": [1]}
