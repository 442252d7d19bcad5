"""What the page is made of: images, charts, the sheet, words, the model card."""

import base64
import hashlib
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from digits.errors import ArtifactError
from digits.page import card, charts, images, page, svg
from tests.page import made

ACTUAL = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 1, 0, 1, 2, 2])


def test_of_right_answers_the_first_of_each_digit_are_shown():
    assert images.right_examples(ACTUAL, PREDICTED, 1).tolist() == [0, 3, 5]
    assert images.right_examples(ACTUAL, PREDICTED, 9).tolist() == [0, 2, 3, 5]


def test_every_mistake_of_any_model_is_shown():
    other = np.array([0, 0, 0, 1, 1, 1])
    assert images.chosen(ACTUAL, [PREDICTED, other], 0).tolist() == [1, 4, 5]
    assert images.chosen(ACTUAL, [PREDICTED, other], 1).tolist() == [0, 1, 3, 4, 5]
    assert images.chosen(ACTUAL, [], 1).tolist() == []


def test_a_sheet_holds_each_image_where_it_is_looked_for():
    digits, _ = made.drawn(70, seed=0)
    png = images.sheet(digits)
    assert images.sheet(digits) == png
    start, _, content = png.partition(",")
    assert start == "data:image/png;base64"
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    assert sheet.shape == (3 * 28, 32 * 28)
    for at in (0, 31, 32, 69):
        row, column = at // 32 * 28, at % 32 * 28
        assert (sheet[row : row + 28, column : column + 28] == digits[at]).all()
    assert not sheet[56:, 6 * 28 :].any()


def test_weights_are_packed_as_little_endian_float32_row_after_row():
    array = np.array([[1, 2], [3, 4]], ">f4")
    assert base64.b64decode(images.packed(array.T)) == np.array([1, 3, 2, 4], "<f4").tobytes()


def test_the_colour_of_a_cell_follows_its_mistakes_and_leaves_the_right_answers_out():
    counts = np.diag(np.full(5, 900))
    counts[4, 1], counts[3, 0] = 16, 4
    heat = np.array(images.matrix(counts)["heat"])
    assert (heat[4, 1], heat[3, 0], heat.sum()) == (1, 0.5, 1.5)
    assert np.array(images.matrix(np.diag(np.full(5, 9)))["heat"]).sum() == 0


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
    assert charts.span(least) == (start, 1)


def test_lines_go_through_their_points_and_say_what_they_show():
    series = [
        charts.Series("one", 0, [(0, 0.0), (10, 1.0)]),
        charts.Series("two", 7, [(0, 1.0), (10, 0.5)]),
    ]
    drawn = ET.fromstring(charts.lines("A < B", series, "shift", (0, 1)).__html__())  # noqa: S314
    assert drawn.get("aria-label") == "A < B"
    lines = list(drawn.iter("polyline"))
    left, right = svg.LEFT + 8.0, svg.RIGHT - 8.0
    assert lines[0].get("points") == f"{left},172.0 {right},12.0"
    assert lines[1].get("points") == f"{left},12.0 {right},92.0"
    assert [line.get("class") for line in lines] == ["line model-0", "line model-7"]
    assert [mark.text for mark in drawn.iter("title")] == [
        "one, shift 0: 0%",
        "one, shift 10: 100%",
        "two, shift 0: 100%",
        "two, shift 10: 50%",
    ]
    outlines = [path.get("d") for path in drawn.iter("path")]
    assert outlines == [svg.MARKS[0]] * 2 + [svg.MARKS[1]] * 2


def test_validation_is_drawn_dashed_where_it_was_measured():
    for validated, dashed in ((True, 2), (False, 0)):
        findings = made.findings({"one": [], "two": []}, validated=validated)
        content = charts.learning(findings.models, "loss").__html__()
        assert content.count("dashed") == content.count("one validation,") // 3 * 2 == dashed
        assert ("dashed: held-out digits" in page.page(findings)) == validated


def test_a_single_epoch_is_drawn():
    model = made.findings({"one": []}).models[0]
    once = model._replace(history=model.history[:1])
    drawn = ET.fromstring(charts.learning([once], "loss").__html__())  # noqa: S314
    assert len(list(drawn.iter("path"))) == 2


def test_counts_are_words_where_they_are_small():
    said = {count: page.counted(count, "model") for count in (0, 1, 2, 10, 11, 1234)}
    assert said == {
        0: "no models",
        1: "one model",
        2: "two models",
        10: "ten models",
        11: "11 models",
        1234: "1,234 models",
    }


def test_p_values_are_written_as_usual():
    assert page.p_value(7e-120) == "< 0.001"
    assert page.p_value(0.0314) == "= 0.031"


def test_the_card_names_versions_and_hashes(tmp_path):
    assert set(card.pinned("requirements/runtime.txt")) == set(card.LIBRARIES)
    file = tmp_path / "file"
    file.write_bytes(b"content")
    assert card.file_sha256(file) == hashlib.sha256(b"content").hexdigest()


def test_what_is_missing_for_the_card_is_named(tmp_path):
    pins = tmp_path / "runtime.txt"
    with pytest.raises(ArtifactError, match=r"runtime\.txt cannot be read"):
        card.pinned(pins)
    pins.write_text("tensorflow==2.21.0 \\\n    --hash=sha256:00\n")
    with pytest.raises(ArtifactError, match="expected a line keras==VERSION, got none"):
        card.pinned(pins)
    with pytest.raises(ArtifactError, match="cannot be read"):
        card.file_sha256(tmp_path / "no")
