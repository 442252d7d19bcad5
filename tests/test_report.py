"""What the page is made of: choices, charts, sheets, the layout of the pipeline, sources."""

import base64
import hashlib
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from digits.errors import ArtifactError
from digits.params.train import Train
from digits.report import charts, choices, drawings, numbers, pictures, sources, sprites, svg

ACTUAL = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 1, 0, 1, 2, 2])


def test_of_right_answers_the_first_of_each_digit_are_shown():
    assert choices.right_examples(ACTUAL, PREDICTED, 1).tolist() == [0, 3, 5]
    assert choices.right_examples(ACTUAL, PREDICTED, 9).tolist() == [0, 2, 3, 5]


def test_every_mistake_of_either_model_is_shown():
    other = np.array([0, 0, 0, 1, 1, 1])
    assert choices.chosen(ACTUAL, [PREDICTED, other], 0).tolist() == [1, 4, 5]
    assert choices.chosen(ACTUAL, [PREDICTED, other], 1).tolist() == [0, 1, 3, 4, 5]
    assert choices.chosen(ACTUAL, [], 1).tolist() == []


def test_the_most_confident_mistakes_come_surest_first_and_ties_in_order():
    actual, predicted = np.zeros(5, int), np.array([1, 0, 1, 1, 1])
    confidence = np.array([0.5, 1.0, 0.9, 0.5, 0.9])
    assert choices.most_confident(actual, predicted, confidence, 9).tolist() == [2, 4, 0, 3]
    assert choices.most_confident(actual, predicted, confidence, 1).tolist() == [2]
    assert choices.most_confident(actual, actual, confidence, 9).tolist() == []


def test_a_sheet_holds_each_image_where_it_is_looked_for(dataset):
    images = dataset.test_images[:70]
    png = sprites.sheet(images)
    assert sprites.sheet(images) == png
    sheet = np.asarray(Image.open(io.BytesIO(png)))
    assert sheet.shape == (3 * 28, 32 * 28)
    for at in (0, 31, 32, 69):
        row, column = at // 32 * 28, at % 32 * 28
        assert (sheet[row : row + 28, column : column + 28] == images[at]).all()
    assert not sheet[56:, 6 * 28 :].any()


def test_weights_are_packed_as_little_endian_float32_row_after_row():
    array = np.array([[1, 2], [3, 4]], ">f4")
    assert base64.b64decode(sprites.packed(array.T)) == np.array([1, 3, 2, 4], "<f4").tobytes()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.85, 1, [0.85, 0.9, 0.95, 1]),
        (0, 6742, [0, 2000, 4000, 6000]),
        (1, 5, [1, 2, 3, 4, 5]),
    ],
)
def test_ticks_are_round_and_within(low, high, expected):
    assert svg.ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("least", "start"), [(0.9, 0.9), (0.8786, 0.85), (0.95, 0.94), (0.5, 0.5), (0, 0)]
)
def test_an_axis_of_shares_begins_at_a_round_value_below_the_least(least, start):
    assert drawings.span(least) == (start, 1)


def test_lines_go_through_their_points_and_say_what_they_show():
    series = {"basic": [(0, 0.0), (10, 1.0)], "hidden": [(0, 1.0), (10, 0.5)]}
    drawn = ET.fromstring(charts.lines("A < B", series, "shift", (0, 1)))  # noqa: S314
    assert drawn.get("aria-label") == "A < B"
    basic, hidden = (line.get("points") for line in drawn.iter("polyline"))
    left, right = svg.LEFT + 10.0, svg.RIGHT - 4.0
    assert basic == f"{left},172.0 {right},12.0"
    assert hidden == f"{left},12.0 {right},92.0"
    assert [mark.text for mark in drawn.iter("title")] == [
        "basic, shift 0: 0%",
        "basic, shift 10: 100%",
        "hidden, shift 0: 100%",
        "hidden, shift 10: 50%",
    ]


def test_the_colour_of_a_cell_follows_its_mistakes_and_leaves_the_right_answers_out():
    counts = np.diag(np.full(10, 900))
    counts[4, 9], counts[3, 5] = 16, 4
    heat = np.array(pictures.matrix(counts)["heat"])
    assert (heat[4, 9], heat[3, 5], heat.sum()) == (1, 0.5, 1.5)
    assert np.array(pictures.matrix(np.diag(np.full(10, 9)))["heat"]).sum() == 0


@pytest.mark.parametrize(
    ("confidence", "text"),
    [(1.0, "100.0%"), (0.99995, ">99.9%"), (0.9994, "99.9%"), (0.345, "34.5%")],
)
def test_only_certainty_is_written_as_such(confidence, text):
    assert pictures.sure(confidence) == text


def test_p_values_are_written_as_usual():
    assert numbers.p_value(7e-120) == "< 0.001"
    assert numbers.p_value(0.0314) == "= 0.031"


def test_the_layers_are_told_from_the_weights():
    weights = [np.zeros((784, 30)), np.zeros(30), np.zeros((30, 10)), np.zeros(10)]
    assert numbers.layers(weights) == [784, 30, 10]


def test_the_card_names_settings_versions_and_hashes(tmp_path):
    recipe = Train(seed=1, epochs=2, batch_size=3, learning_rate=0.5)
    assert sources.settings([recipe]) == {
        "train.seed": 1,
        "train.epochs": 2,
        "train.batch_size": 3,
        "train.learning_rate": 0.5,
    }
    assert set(sources.pinned("requirements/runtime.txt")) == set(sources.LIBRARIES)
    file = tmp_path / "file"
    file.write_bytes(b"content")
    assert sources.file_sha256(file) == hashlib.sha256(b"content").hexdigest()


def test_what_is_missing_for_the_card_is_named(tmp_path):
    pins = tmp_path / "runtime.txt"
    with pytest.raises(ArtifactError, match=r"runtime\.txt cannot be read"):
        sources.pinned(pins)
    pins.write_text("tensorflow==2.21.0 \\\n    --hash=sha256:00\n")
    with pytest.raises(ArtifactError, match="expected a line keras==VERSION, got none"):
        sources.pinned(pins)
    with pytest.raises(ArtifactError, match="cannot be read"):
        sources.file_sha256(tmp_path / "no")
