import numpy as np

from digits.evaluation.mistakes import percent, surest

LABELS = np.array([4, 4, 4, 2, 7, 7, 1], np.uint8)
PREDICTED = np.array([9, 4, 9, 7, 2, 2, 1])
CONFIDENCE = np.array([0.5, 0.9, 0.8, 0.8, 0.6, 0.9, 1.0])


def test_the_surest_mistakes_come_first_and_equals_in_their_order():
    assert surest(LABELS, PREDICTED, CONFIDENCE).tolist() == [5, 2, 3, 4, 0]


def test_who_makes_no_mistake_has_none():
    assert surest(LABELS, LABELS, CONFIDENCE).size == 0


def test_a_confidence_never_reads_as_certainty():
    assert [percent(value) for value in (0.5, 0.99949, 0.9995, 1)] == [
        "50.0%",
        "99.9%",
        "> 99.9%",
        "> 99.9%",
    ]
