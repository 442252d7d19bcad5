"""What the page is made of: images, charts, the sheet, words, the model card."""

import base64
import html
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from digits.errors import ArtifactError
from digits.page import charts, diagrams, findings, images, page
from tests import pipeline
from tests.page import made


def test_every_mistake_and_the_first_right_answers_of_each_digit_are_shown():
    actual = [0, 0, 0, 1, 1, 2]
    one = pd.DataFrame({"actual": actual, "predicted": [0, 1, 0, 1, 2, 2]})
    other = pd.DataFrame({"actual": actual, "predicted": [0, 0, 0, 1, 1, 1]})
    assert images.chosen([one], 1) == [0, 1, 3, 4, 5]
    assert images.chosen([one], 9) == [0, 1, 2, 3, 4, 5]
    assert images.chosen([one, other], 0) == [1, 4, 5]
    assert images.chosen([one, other], 1) == [0, 1, 3, 4, 5]


def test_samples_are_the_first_of_each_digit_a_column_each():
    labels = np.arange(100, dtype=np.uint8) % 10
    assert images.samples(labels, 10).tolist() == list(range(60))
    assert images.samples(labels[::-1], 10)[:10].tolist() == list(range(9, -1, -1))
    assert images.samples(labels[:35], 10).tolist() == list(range(30))
    assert images.samples(labels[:5], 10).tolist() == []


def test_a_sheet_holds_each_image_where_it_is_looked_for():
    digits, _ = made.drawn(70, seed=0)
    png = images.sheet(digits, 32)
    assert images.sheet(digits, 32) == png
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
    actual, predicted = [0] * 900 + [4] * 16 + [3] * 4, [0] * 900 + [1] * 16 + [0] * 4
    shown = images.matrix(pd.DataFrame({"actual": actual, "predicted": predicted}), 10)
    heat = np.array(shown["heat"])
    assert (heat[4, 1], heat[3, 0], heat.sum()) == (1, 0.5, 1.5)
    assert (shown["counts"][0][0], shown["counts"][4][1]) == (900, 16)
    right = images.matrix(pd.DataFrame({"actual": actual, "predicted": actual}), 10)
    assert np.array(right["heat"]).sum() == 0


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.878, 0.984, [0.85, 0.9, 0.95, 1]),
        (0.05, 0.47, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (1, 100, [0, 20, 40, 60, 80, 100]),
        (1, 1, [1]),
    ],
)
def test_ticks_are_round_and_enclose_what_is_drawn(low, high, expected):
    assert charts.levels(low, high) == expected


def test_an_axis_of_steps_has_a_tick_for_each_or_round_ones_if_they_are_many():
    for values, ticks in (([0, 0.5, 4], [0, 0.5, 4]), (range(1, 51), [0, 10, 20, 30, 40, 50])):
        line = charts.Line("one", 0, [[x, 0, 1] for x in values])
        assert charts.steps([line]).ticks == ticks


def drawn(findings):
    """The charts of a page, as they are drawn, by what is read aloud for them."""
    svgs = re.findall("<svg viewBox=.0 0 320.*?</svg>", page.page(findings), re.DOTALL)
    return {svg.get("aria-label"): svg for svg in map(ET.fromstring, svgs)}


def test_lines_go_through_their_points_and_say_where_they_end():
    found = made.findings({"one": [], "<two>": []})
    label = "Moved. In the end: one 40%, <two> 35%."
    chart = drawn(found)[label]
    lines = list(chart.iter("polyline"))
    assert lines[0].get("points").split() == ["50.0,28.0", "175.0,68.0", "300.0,108.0"]
    assert lines[1].get("points").split() == ["50.0,36.0", "175.0,76.0", "300.0,116.0"]
    outlines = [path.get("d") for path in chart.iter("path") if path.get("class") == "mark"]
    assert outlines == [charts.MARKS[0]] * 3 + [charts.MARKS[1]] * 3
    texts = [text.text for text in chart.iter("text")]
    assert texts == ["0%", "20%", "40%", "60%", "80%", "100%", "0", "0.5", "1", "pixels"]


def test_reliability_is_drawn_by_the_size_of_the_markers():
    table = pd.DataFrame({"confidence": [0.1, np.nan, 0.9], "accuracy": [0.2, np.nan, 0.8]})
    model = made.findings({"one": []}).models[0]
    chart = charts.reliability(model._replace(calibration=table.assign(count=[25, 0, 100])))
    assert chart.lines[0].points == [[0.1, 0.2, 1.6], [0.9, 0.8, 2.6]]
    assert (chart.ideal, chart.x(0), chart.y(0), chart.x(1), chart.y(1)) == (True, 50, 172, 300, 12)


def test_validation_is_drawn_dashed_where_it_was_measured():
    for validated, dashed in ((True, 2), (False, 0)):
        findings = made.findings({"one": [], "two": []}, validated=validated)
        chart = charts.learning(findings.models, "loss", "Loss", str)
        assert sum("dashed" in line.look for line in chart.lines) == dashed
        assert chart.note.count(" validation 0.9") == dashed
        assert ("dashed: held-out images" in page.page(findings)) == validated


def test_a_single_epoch_is_drawn():
    found = made.findings({"one": []})
    once = found._replace(models=[found.models[0]._replace(history=found.models[0].history[:1])])
    charts_of_it = drawn(once)
    assert (
        "Loss after each epoch. Cross-entropy, lower is better, dashed: held-out images. "
        "The axis begins at 0.7. In the end: one 0.7, one validation 0.7." in charts_of_it
    )


@pytest.mark.parametrize(("p", "said"), [(7e-120, "p < 0.001, sig"), (0.0314, "p = 0.031, sig")])
def test_p_values_are_written_as_usual(p, said):
    found = made.findings({"one": [], "two": []})
    found.models[1].scores["against_baseline"]["mcnemar_p"] = p
    assert said in html.unescape(re.sub("<[^>]+>", "", page.page(found)))


def test_the_card_names_versions():
    assert set(findings.pinned("requirements/runtime.txt")) == set(findings.LIBRARIES)


def test_what_is_missing_for_the_card_is_named(tmp_path):
    pins = tmp_path / "runtime.txt"
    with pytest.raises(ArtifactError, match=r"runtime\.txt cannot be read"):
        findings.pinned(pins)
    pins.write_text("tensorflow==2.21.0 \\\n    --hash=sha256:00\n")
    with pytest.raises(ArtifactError, match="expected a line keras==VERSION, got none"):
        findings.pinned(pins)


def test_the_pipeline_is_laid_out_by_what_stages_need_and_no_arrow_says_what_others_say():
    laid = diagrams.pipeline(made.STAGES)
    depths = {name: y for name, (_, y) in laid.stages.items()}
    assert depths["fetch"] < depths["look"] == depths["train"] < depths["test"] < depths["report"]
    named = {place: name for name, place in laid.stages.items()}
    arrows = {(named[tuple(a[0])], named[tuple(a[-1])]): len(a) for a in laid.arrows}
    assert arrows == {
        ("fetch", "look"): 2,
        ("fetch", "train"): 2,
        ("train", "test"): 2,
        ("look", "report"): 3,  # past the row of test
        ("test", "report"): 2,
    }
    places = [place for arrow in laid.arrows for place in arrow]
    assert all(0 <= x <= laid.width and 0 <= y <= laid.height for x, y in places)


def test_this_projects_own_pipeline_is_drawn():
    stages = yaml.safe_load((pipeline.ROOT / "dvc.yaml").read_text())["stages"]
    laid = diagrams.pipeline(stages)
    assert list(laid.stages) == list(stages)
    assert len(set(laid.stages.values())) == len(stages)


def test_a_network_is_drawn_by_its_layers_and_nothing_of_what_has_none():
    one = made.findings({"one": made.dense("relu", "tanh", "linear", units=40), "conv": []})
    network = one.models[0].network._replace(kinds=["Dense"] * 3)
    layers = diagrams.network(one.models[0]._replace(network=network))
    assert [layer.size for layer in layers] == [784, 40, 40, 10]
    assert [len(layer.dots) for layer in layers] == [16, 12, 12, 10]
    assert diagrams.network(one.models[1]) == []
