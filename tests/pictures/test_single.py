import re

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from digits.errors import PictureError
from digits.pictures.preparing import ink
from digits.pictures.refusals import Refusal
from digits.pictures.single import check_single
from tests.strokes import beside, draw


def check(image):
    check_single(ink(np.asarray(image))[0])


def line():
    """A stroke that is far wider than high."""
    return np.pad(np.zeros((10, 260)), ((45, 45), (20, 20)), constant_values=255)


@pytest.mark.parametrize(
    ("refusal", "picture"),
    [
        (Refusal.SEVERAL, beside(draw(left, margin=margin), draw(right, margin=margin)))
        for left, right in ((1, 2), (7, 0), (4, 4), (1, 1))
        for margin in (0.12, 0.3)
    ]
    + [(Refusal.WIDE, line())],
)
def test_several_digits_and_lines_are_refused(refusal, picture):
    with pytest.raises(PictureError, match=re.escape(refusal)):
        check(picture)


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("width", [0.03, 0.09, 0.15])
def test_one_digit_is_accepted(digit, width):
    check(draw(digit, width=width))


def test_broken_strokes_and_a_blot_are_one_digit():
    five = np.array(draw(5))
    five[:, 105:112] = 255  # cuts the bar, at the top, and the bowl
    five[60:150, 95:125] = np.array(draw(5))[60:150, 95:125]
    check(five)
    blot = np.array(draw(1))
    blot[150:170, 150:170] = 0
    check(blot)
    broken = np.array(draw(3))
    broken[95:105] = 255
    check(broken)


@pytest.mark.parametrize("radius", [1, 3, 13, 60])
@pytest.mark.parametrize("blur", [0, 1, 4])
def test_a_dot_is_refused(radius, blur):
    dot = Image.new("L", (336, 336), 255)
    ends = (150 - radius, 170 - radius, 150 + radius, 170 + radius)
    ImageDraw.Draw(dot).ellipse(ends, fill=0)
    with pytest.raises(PictureError, match=f"{Refusal.DOT}|blank"):
        check(dot.filter(ImageFilter.GaussianBlur(blur)))
