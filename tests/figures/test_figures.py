import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from digits.data.dataset import Dataset
from digits.figures.confusion import confusion
from digits.figures.font import labels
from digits.figures.palette import COLOURS, colour
from tests.conftest import info_of, make_images

DATA = info_of(Dataset(*make_images(20, seed=1), *make_images(20, seed=2)))
COUNTS = np.random.default_rng(0).integers(0, 1200, (10, 10))


def drawn(counts, colour=COLOURS[0], classes=DATA.classes):
    return confusion("one", colour, counts, DATA.model_copy(update={"classes": list(classes)}))


def test_the_same_counts_give_the_same_bytes_whatever_the_users_style_and_others_do_not():
    first = drawn(COUNTS)
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        assert drawn(COUNTS) == first
    assert b"Software" not in first
    COUNTS[3, 5] += 1
    assert drawn(COUNTS) != first


def pixels(png):
    return (imread(io.BytesIO(png))[:, :, :3] * 255).round().astype(np.uint8)


@pytest.mark.parametrize("place", range(7))
def test_a_matrix_is_in_the_colour_of_its_model(place):
    found = pixels(drawn(np.diag([9] * 10), colour(place)))
    assert len(set(COLOURS)) == 6
    used = [other for other in COLOURS if (found == [*bytes.fromhex(other[1:])]).all(axis=2).any()]
    assert used == [colour(place)]


def test_an_empty_matrix_and_names_of_any_kind_and_number_can_be_drawn():
    names = ["<b>", "$x", "\N{GRINNING FACE}", "a name that is longer than a label has room for"]
    assert labels(["été", "猫", "кот"]) == ["été", "class 1", "кот"]
    few = drawn(np.eye(4, dtype=int), classes=names)
    assert few != drawn(np.eye(4, dtype=int), classes="abcd")
    assert drawn(np.zeros((10, 10), int)) != drawn(np.eye(10, dtype=int))
    many = drawn(np.eye(300, dtype=int), classes=map(str, range(300)))
    assert pixels(many).shape[1] < 1500
