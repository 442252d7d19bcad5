"""The pictures of the evaluation: the right things in the right colours, for all kinds of data."""

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from digits.calibration import reliability
from digits.figures import COLOURS
from digits.figures.confusion import confusion
from digits.figures.curves import calibration, learning_curves
from digits.figures.mistakes import confused_pairs, mistakes, percent
from digits.figures.robustness import robustness
from digits.robustness import CORRUPTIONS

LABELS = (np.arange(60) % 10).astype(np.uint8)
INK = np.ones((60, 784), np.float32)


def area(png, colour):
    """How many pixels of a picture have exactly this colour."""
    rgb = (imread(io.BytesIO(png))[:, :, :3] * 255).round().astype(np.uint8)
    return int((rgb == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=2).sum())


def answers(wrong):
    """60 answers, of which the first `wrong` are one too high, and their confidence."""
    predicted = (LABELS + (np.arange(60) < wrong)) % 10
    return predicted.astype(int), np.linspace(0.2, 1, 60)


def curve(wrong=20):
    predicted, confidence = answers(wrong)
    return reliability(confidence, predicted == LABELS)


def history(*columns):
    return pd.DataFrame({"epoch": [1, 2, 3], **{column: [0.3, 0.2, 0.1] for column in columns}})


def rows():
    return [
        {"corruption": name, "severity": severity, "basic": 0.9 - severity, "hidden": 0.7}
        for name in CORRUPTIONS
        for severity in (0, 0.5)
    ]


DRAWINGS = {
    "mistakes": lambda: mistakes("basic", INK, LABELS, *answers(5)),
    "pairs": lambda: confused_pairs(INK, LABELS, {"basic": answers(9)[0], "hidden": answers(3)[0]}),
    "learning": lambda: learning_curves(
        {name: history("accuracy", "loss") for name in ("basic", "hidden")}
    ),
    "calibration": lambda: calibration(
        {"basic": curve(), "hidden": curve(2)}, {"basic": 0.1, "hidden": 0.2}
    ),
    "robustness": lambda: robustness(
        rows(), ("basic", "hidden"), dict.fromkeys(CORRUPTIONS, INK[0])
    ),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_the_same_bytes_whatever_the_users_style(draw):
    first = draw()
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert draw() == first
    assert b"Software" not in first


@pytest.mark.parametrize("name", ["learning", "calibration", "robustness", "pairs"])
def test_each_model_has_its_colour_in_every_picture(name):
    png = DRAWINGS[name]()
    assert all(area(png, colour) > 20 for colour in COLOURS.values())


@pytest.mark.parametrize("model", COLOURS)
def test_pictures_of_one_model_are_in_its_colour(model):
    other = next(colour for name, colour in COLOURS.items() if name != model)
    for png in (
        confusion(model, np.diag([9] * 10)),
        mistakes(model, INK, LABELS, *answers(5)),
    ):
        assert area(png, COLOURS[model]) > 100
        assert area(png, other) == 0


def test_the_colours_differ_for_all_kinds_of_colour_vision():
    """Simulated by the matrices of Machado, Oliveira and Fernandes (2009), severity 1."""
    kinds = {
        "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    }
    one, other = (np.array(mpl.colors.to_rgb(colour)) ** 2.2 for colour in COLOURS.values())
    for matrix in kinds.values():
        seen = [np.clip(matrix @ rgb, 0, 1) ** (1 / 2.2) for rgb in (one, other)]
        assert np.abs(seen[0] - seen[1]).max() > 0.3


def test_the_gallery_shows_each_mistake_once_and_at_most_32():
    black = [area(mistakes("basic", INK, LABELS, *answers(n)), "#000000") for n in (1, 2, 32, 60)]
    image = black[1] - black[0]
    assert image > 5_000
    assert black[2] == pytest.approx(32 * image, rel=0.1)
    assert black[3] == pytest.approx(black[2], rel=0.01)


def test_who_makes_no_mistake_gets_a_picture_that_says_so():
    predicted, confidence = answers(0)
    assert area(mistakes("basic", INK, LABELS, predicted, confidence), "#000000") < 5_000
    assert area(confused_pairs(INK, LABELS, {"basic": predicted}), "#000000") < 5_000


def test_a_confidence_never_reads_as_certainty():
    assert [percent(value) for value in (0.5, 0.99949, 0.9995, 1)] == [
        "50.0%",
        "99.9%",
        "> 99.9%",
        "> 99.9%",
    ]


def test_validation_is_drawn_where_it_was_measured():
    plain = {"basic": history("accuracy", "loss")}
    both = {"basic": history("accuracy", "loss", "val_accuracy", "val_loss")}
    assert learning_curves(plain) != learning_curves(both)


def test_a_model_of_another_name_is_drawn_in_grey():
    assert area(confusion("third", np.diag([9] * 10)), "#595959") > 100
