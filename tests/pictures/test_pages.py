"""Pages of digits are read in order; what is left out is counted; digits that touch are cut."""

from collections import Counter

import numpy as np
import pytest

from digits.pictures import detect, read
from digits.pictures.refusals import Refusal
from digits.pictures.rows import rows, text
from tests.pictures import papers
from tests.pictures.test_finding import digit, saved


def placed(random, columns, slope=0.0, bend=0.0, unequal=0.1, down=2.0, across=1.4):
    """Boxes of rows with digits at these columns, shuffled, and the row of each."""
    boxes, row_of = [], []
    for row, places in enumerate(columns):
        for column in places:
            high = 40 * (1 + random.uniform(-unequal, unequal))
            x = 50 + 40 * across * column
            y = 400 + 40 * down * row + slope * x + bend * (x / 40) ** 2 + random.normal(0, 2)
            boxes.append([x - high / 3, y - high / 2, x + high / 3, y + high / 2])
            row_of.append(row)
    order = random.permutation(len(boxes))
    return np.array(boxes)[order], np.array(row_of)[order]


TEN = [range(10)] * 4
CASES = {
    "tilted up": (TEN, {"slope": -0.27}),
    "tilted down": (TEN, {"slope": 0.27}),
    "bent": (TEN, {"bend": 0.35, "down": 2.5}),
    "unequal": (TEN, {"unequal": 0.45, "slope": 0.1}),
    "a column": ([[0]] * 12, {"down": 1.6}),
    "a sum": ([[3, 4], [2, 3, 4], [1, 2, 3, 4]], {"down": 1.5}),
    "groups": ([[0, 1, 2, 3, 6, 7, 8, 11, 12]] * 2, {"slope": 0.1}),
    "cells far apart": ([[0, 5, 10, 15]] * 6, {"slope": -0.05}),
    "300 digits": ([range(20)] * 15, {"slope": 0.02, "down": 1.5}),
    "one digit": ([[0]], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_follow_their_digits(case):
    columns, options = CASES[case]
    boxes, row_of = placed(np.random.default_rng(0), columns, **options)
    found = rows(boxes)
    assert [[row_of[one] for one in row] for row in found] == [
        [number] * len(places) for number, places in enumerate(columns)
    ]
    assert all((np.diff(boxes[row, 0]) > 0).all() for row in found)


def test_text_has_a_line_a_row_and_spaces_between_groups():
    marks = [
        {"digit": number, "row": row, "box": (left, 0, left + 20, 30)}
        for number, row, left in ((1, 1, 0), (2, 1, 30), (3, 1, 100), (4, 2, 10))
    ]
    assert text(marks) == "12 3\n4"


def page(random, numbers, top=40, high=90, across=110):
    """Digits in rows on white paper, float (600, 800, 3), and their places."""
    paper = papers.page(papers.WHITE, (600, 800))
    for row, line in enumerate(numbers):
        for column, number in enumerate(line):
            place = (top + row * 150, 40 + column * across)
            ink = papers.mask(random, digit(number), high, paper.shape[:2], place=place)
            paper = papers.write(paper, ink, papers.BLACK)
    return paper


def ruled(paper, tops, lefts, width=3):
    for top in tops:
        paper[top : top + width, lefts[0] : lefts[-1]] = 90
    for left in lefts:
        paper[tops[0] : tops[-1] + width, left : left + width] = 90


def spots(paper):
    paper[550:556, 100:106] = paper[300:304, 780:784] = 30


def edge(paper):
    paper[250:330, 770:780] = paper[250:265, 770:] = paper[315:330, 770:] = 30


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (lambda paper: None, {}),
        (lambda paper: ruled(paper, [30, 160, 300, 450], [30, 140, 250, 360, 470, 590]), {}),
        (lambda paper: ruled(paper, [140, 290], [20, 600]), {}),
        (lambda paper: ruled(paper, [480, 481], [100, 500]), {Refusal.BAR: 1}),
        (spots, {Refusal.DOT: 2}),
        (edge, {Refusal.EDGE: 1}),
    ],
    ids=["plain", "table", "box", "underline", "specks", "edge"],
)
def test_each_mark_is_read_or_left_out_for_a_reason(change, refused, tmp_path):
    random = np.random.default_rng(4)
    paper = page(random, [[3, 1, 4, 5, 9], [2, 6, 5, 3, 5], [8, 9, 7, 9, 3]])
    change(paper)
    found = detect(read(saved(tmp_path, paper), every=True), every=True)
    assert [one.row for one in found.images] == [1] * 5 + [2] * 5 + [3] * 5
    assert [one.column for one in found.images] == [1, 2, 3, 4, 5] * 3
    assert Counter(reason for reason, _ in found.refused) == refused
