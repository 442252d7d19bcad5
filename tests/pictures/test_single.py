import re

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from digits.pictures.preparing import PictureError, ink
from digits.pictures.refusals import Refusal
from digits.pictures.single import check_single
from tests.strokes import beside, draw


def check(image):
    check_single(ink(np.asarray(image)))


@pytest.mark.parametrize(("left", "right"), [(1, 2), (7, 0), (4, 4), (1, 1)])
@pytest.mark.parametrize("margin", [0.12, 0.3])
def test_two_digits_side_by_side_are_refused(left, right, margin):
    with pytest.raises(PictureError, match=re.escape(Refusal.SEVERAL)):
        check(beside(draw(left, margin=margin), draw(right, margin=margin)))


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("width", [0.03, 0.09, 0.15])
def test_one_digit_is_not(digit, width):
    check(draw(digit, width=width))


def test_a_5_with_its_bar_apart_a_broken_stroke_and_a_blot_are_one_digit():
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


def test_what_is_far_wider_than_high_is_refused():
    line = np.full((100, 300), 255)
    line[45:55, 20:280] = 0
    with pytest.raises(PictureError, match=re.escape(Refusal.WIDE)):
        check(line)


@pytest.mark.parametrize("radius", [1, 3, 13, 60])
@pytest.mark.parametrize("blur", [0, 1, 4])
def test_a_dot_is_refused(radius, blur):
    dot = Image.new("L", (336, 336), 255)
    ends = (150 - radius, 170 - radius, 150 + radius, 170 + radius)
    ImageDraw.Draw(dot).ellipse(ends, fill=0)
    with pytest.raises(PictureError, match=f"{Refusal.DOT}|blank"):
        check(dot.filter(ImageFilter.GaussianBlur(blur)))
