"""Pages of digits are read in order; what is left out is counted; digits that touch are cut."""

import re
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from digits.errors import PictureError
from digits.evaluation.uncertainty import mean_uncertainty, read_reference
from digits.inference.network import load
from digits.pictures import detect
from digits.pictures.prepared import Mark, Refusal
from digits.pictures.preparing import place
from digits.pictures.reading import read
from digits.pictures.rows import rows
from digits.pictures.touching import cut_apart
from tests.pictures import papers
from tests.pictures.test_finding import BUILT, digit, saved
from tests.pipeline import MODELS


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
    path = saved(tmp_path, paper)
    found = detect(read(path, every=True), every=True)
    assert [one.row for one in found.images] == [1] * 5 + [2] * 5 + [3] * 5
    assert [one.column for one in found.images] == [1, 2, 3, 4, 5] * 3
    assert Counter(reason for reason, _ in found.refused) == refused
    tops, lefts = ([one.box[side] for one in found.images] for side in (1, 0))
    assert np.abs(np.subtract(tops, np.repeat([53, 203, 353], 5))).max() <= 10
    assert np.abs(np.subtract(lefts, np.tile(np.arange(68, 600, 110), 3))).max() <= 18
    with pytest.raises(PictureError, match=f"^{re.escape(Refusal.SEVERAL)}"):
        detect(read(path))


@pytest.mark.skipif(not all(map(Path.exists, BUILT)), reason="nothing is built")
def test_digits_that_touch_are_cut_where_models_are_surer_of_the_parts():
    """Pairs of MNIST's test digits, with gaps from -3 to 0 pixels at 28."""
    images, labels = (np.load(path) for path in BUILT[:2])
    network = load(f"models/{MODELS[-1]}.keras", 784, 10)
    random, right, single = np.random.default_rng(5), 0, 0
    scores = partial(mean_uncertainty, read_reference(), {MODELS[-1]: network.logits})
    for gap in np.tile([-3, -2, -1, 0], 10):
        pair = random.integers(0, len(images), 2)
        left, right_one = (image[:, (image > 60).any(axis=0)] for image in images[pair])
        width = left.shape[1] + gap
        ink = np.zeros((28, width + right_one.shape[1]))
        ink[:, : left.shape[1]] = left
        ink[:, width:] = np.maximum(ink[:, width:], right_one)
        parts = cut_apart(Mark(ink), place, scores, every=True)
        pixels = np.array([place(part.strokes).ravel() for part in parts]) / np.float32(255)
        right += network.logits(pixels).argmax(axis=1).tolist() == labels[pair].tolist()
        single += len(parts) == 1 and not parts[0].doubts
    assert right >= 30
    assert single <= 3
