import numpy as np

from digits.mistakes import pairs, surest

LABELS = np.array([4, 4, 4, 2, 7, 7, 1], np.uint8)
PREDICTED = np.array([9, 4, 9, 7, 2, 2, 1])
CONFIDENCE = np.array([0.5, 0.9, 0.8, 0.8, 0.6, 0.9, 1.0])


def test_the_surest_mistakes_come_first_and_equals_in_their_order():
    assert surest(LABELS, PREDICTED, CONFIDENCE).tolist() == [5, 2, 3, 4, 0]


def test_pairs_are_counted_one_way_and_the_most_frequent_come_first():
    assert pairs(LABELS, PREDICTED) == [(4, 9, 2), (7, 2, 2), (2, 7, 1)]


def test_who_makes_no_mistake_confuses_nothing():
    assert surest(LABELS, LABELS, CONFIDENCE).size == 0
    assert pairs(LABELS, LABELS) == []
