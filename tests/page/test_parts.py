"""What the page is made of: images, charts, the sheet, words, the model card."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from digits.page import charts, images, page
from tests.page import made


def test_every_mistake_and_the_first_images_of_each_digit_are_shown():
    actual = [0, 0, 0, 1, 1, 2]
    one = pd.DataFrame({"actual": actual, "predicted": [0, 1, 0, 1, 2, 2]})
    other = pd.DataFrame({"actual": actual, "predicted": [0, 0, 0, 1, 1, 1]})
    assert images.chosen([one], 1) == [0, 1, 3, 4, 5]
    assert images.chosen([one, other], 0) == [1, 4, 5]
    assert images.samples(np.arange(100) % 10, 10).tolist() == list(range(60))
    assert images.samples(np.arange(35) % 10, 10).tolist() == list(range(30))


def test_a_sheet_holds_each_image_where_it_is_looked_for():
    digits, _ = made.drawn(70, seed=0)
    start, _, content = images.sheet(digits, 32).partition(",")
    assert start == "data:image/png;base64"
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    tiles = sheet.reshape(3, 28, 32, 28).swapaxes(1, 2).reshape(96, 28, 28)
    assert (tiles[:70] == digits).all()
    assert not tiles[70:].any()


def test_the_most_frequent_mistakes_come_first_and_right_answers_are_none():
    actual, predicted = [0] * 900 + [4] * 16 + [3] * 4, [0] * 900 + [1] * 16 + [0] * 4
    shown = images.matrix(pd.DataFrame({"actual": actual, "predicted": predicted}), 10)
    assert shown["frequent"] == [(4, 1, 16), (3, 0, 4)]
    assert (shown["counts"][0][0], shown["counts"][4][1]) == (900, 16)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1], [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ([0.984, 0.878], [0.85, 0.9, 0.95, 1]),
        (range(1, 51), [0, 10, 20, 30, 40, 50]),
        ([1], [1]),
    ],
)
def test_ticks_are_round_and_enclose_what_is_drawn(values, expected):
    assert charts.ticks(values) == expected


def test_lines_go_through_their_points_and_say_where_they_end():
    content = page.page(made.findings({"one": [], "<two>": [], "card": []}))
    svgs = map(ET.fromstring, re.findall("<svg viewBox=.0 0 320.*?</svg>", content, re.DOTALL))
    said = "Rotation. At the highest severity: one 40%, <two> 35%, card 30%."
    chart = next(svg for svg in svgs if svg.get("aria-label") == said)
    lines = [line.get("points").split() for line in chart.iter("polyline")]
    assert lines[0] == ["50.0,28.0", "175.0,68.0", "300.0,108.0"]
    assert lines[1] == ["50.0,36.0", "175.0,76.0", "300.0,116.0"]
    outlines = [path.get("d") for path in chart.iter("path") if path.get("class") == "mark"]
    assert outlines == [mark for mark in charts.MARKS[:3] for _ in range(3)]
    texts = [text.text for text in chart.iter("text")]
    assert texts[:6] == ["0%", "20%", "40%", "60%", "80%", "100%"]
    assert texts[6:] == ["0", "0.2", "0.4", "0.6", "0.8", "1", "degrees"]


def test_calibration_is_drawn_by_the_size_of_the_markers():
    table = pd.DataFrame({"confidence": [0.1, np.nan, 0.9], "accuracy": [0.2, np.nan, 0.8]})
    table["count"] = [25, 0, 100]
    model = made.findings({"one": []}).models[0]
    chart = charts.calibration_chart(model._replace(calibration_table=table))
    assert chart.lines[0].points == [[0.1, 0.2, 1.6], [0.9, 0.8, 2.6]]
    assert (chart.x(0), chart.y(0), chart.x(1), chart.y(1)) == (50, 172, 300, 12)


@pytest.mark.parametrize(("validated", "dashed"), [(True, 2), (False, 0)])
def test_validation_is_drawn_dashed_where_it_was_measured(validated, dashed):
    models = made.findings({"one": [], "two": []}, validated=validated).models
    chart = charts.learning_chart(models, "loss")
    assert sum("dashed" in line.style for line in chart.lines) == dashed
    assert chart.note.count(" validation 0.9") == dashed
    assert ("dashed: validation split" in chart.note) == validated
