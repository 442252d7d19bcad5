import re

import numpy as np
import pytest

from digits.errors import PictureError
from digits.pictures.prepared import Refusal
from digits.pictures.preparing import ink
from digits.pictures.single import check_single
from tests.strokes import beside, draw


def check(image):
    check_single(ink(np.asarray(image))[0])


@pytest.mark.parametrize("margin", [0.12, 0.3])
@pytest.mark.parametrize("pair", [(1, 2), (7, 0), (4, 4), (1, 1)])
def test_several_digits_are_refused(pair, margin):
    with pytest.raises(PictureError, match=re.escape(Refusal.SEVERAL)):
        check(beside(*(draw(digit, margin=margin) for digit in pair)))


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("width", [0.03, 0.09, 0.15])
def test_one_digit_is_accepted(digit, width):
    check(draw(digit, width=width))


@pytest.mark.parametrize(
    ("digit", "rows", "columns", "level"),
    [(5, (0, 60), (105, 112), 255), (1, (150, 170), (150, 170), 0), (3, (95, 105), (0, 200), 255)],
    ids=["a bar cut off", "a blot", "a stroke cut in two"],
)
def test_broken_strokes_and_a_blot_are_one_digit(digit, rows, columns, level):
    image = np.array(draw(digit))
    image[slice(*rows), slice(*columns)] = level
    check(image)
