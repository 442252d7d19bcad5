"""The canvas of the page, drawn on with mouse, finger and pen in a real browser."""

import json

import numpy as np
import pytest
from PIL import Image

from digits.pictures.prepared import Refusal
from tests.browser import canvas_picture, draw_digit, opened
from tests.page import made
from tests.page.conftest import PAIR
from tests.strokes import STROKES, prepare


def test_what_is_drawn_is_answered_and_cleared(page):
    nothing = ("", Refusal.BLANK)
    assert page.is_visible(".invitation")
    assert (canvas_picture(page) == 255).all()
    assert answers(page) == nothing
    draw_digit(page, 4)
    assert not page.is_visible(".invitation")
    four = canvas_picture(page)
    assert (four == 0).sum() > 1000
    assert answers(page)[0].isdigit()
    page.click("#clear")
    assert answers(page) == nothing
    page.click("#examples button >> nth=0")
    assert answers(page)[0].isdigit()
    draw_digit(page, 4)
    assert (canvas_picture(page) == four).all()


def answers(page):
    """What the models say, as digits, and what is read aloud."""
    digits = "".join(page.locator("output").all_inner_texts())
    return digits.strip("\N{EN DASH}"), page.text_content("#said")


def test_the_bars_are_the_softmax_of_the_image_that_is_shown(page):
    draw_digit(page, 3)
    shown = """Array.from(document.getElementById("seen").getContext("2d")
      .getImageData(0, 0, 28, 28).data)"""
    assert page.evaluate(shown)[::4] == page.evaluate("Array.from(look().image)")
    softmax = page.evaluate("infer(1, look().image).softmax")
    cells = page.locator("#try td.model-1")
    styles = [cell.get_attribute("style") for cell in cells.all()]
    bars = [float(style.split(":")[1].rstrip("; ")) for style in styles]
    assert bars == pytest.approx(softmax, abs=1e-5)
    shares, best = cells.all_inner_texts(), int(np.argmax(softmax))
    assert shares == [page.evaluate("percent", share) for share in softmax]
    assert page.inner_text("#answer-1") == str(best)
    assert cells.nth(best).get_attribute("class") == "model-1 best"
    assert f"; hidden: {best}, confidence {shares[best]}" in page.text_content("#said")


def test_the_last_examples_are_sure_mistakes_of_the_best_model_on_the_canvas(chromium, write):
    models = {**PAIR, "conv": []}
    last = max(made.findings(models).models[:2], key=lambda model: model.scores["accuracy"])
    with opened(chromium, write(models)) as page:
        examples = page.locator("#examples .sample").all()
        labels = [example.get_attribute("aria-label") for example in examples]
    table = last.predictions[last.predictions.actual != last.predictions.predicted]
    table = table.sort_values("confidence", ascending=False, kind="stable")[:3]
    right = [f"{digit} predicted as {digit}" for digit in range(10)]
    wrong = [f"{row.actual} predicted as {row.predicted}" for row in table.itertuples()]
    assert labels == right + wrong


def test_the_last_stroke_is_taken_back(page):
    draw_digit(page, 4)
    four = (canvas_picture(page) == 0).sum()
    page.keyboard.press("Control+z")
    assert 500 < (canvas_picture(page) == 0).sum() < four
    for _ in STROKES[4][1:]:
        page.click("#undo")
    assert answers(page) == ("", Refusal.BLANK)
    assert page.is_disabled("#undo")


def test_a_screen_of_more_pixels_is_drawn_on_with_more(chromium, page, file):
    draw_digit(page, 4)
    with opened(chromium, file, device_scale_factor=3) as sharp:
        draw_digit(sharp, 4)
        assert canvas_picture(sharp).shape == (1008, 1008)
        fine, coarse = (one.evaluate("Array.from(look().image)") for one in (sharp, page))
    assert np.abs(np.subtract(fine, coarse)).mean() < 2


def test_a_finger_and_a_pen_draw_as_well(chromium, file):
    with opened(chromium, file, has_touch=True) as page:
        page.locator("#canvas").scroll_into_view_if_needed()
        box = page.locator("#canvas").bounding_box()
        device = page.context.new_cdp_session(page)

        def finger(kind, *place):
            points = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in place]
            device.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

        def pen(kind, x):
            event = {"type": f"mouse{kind}", "x": box["x"] + x, "y": box["y"] + 130}
            event |= {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen"}
            device.send("Input.dispatchMouseEvent", event)

        finger("Start", (160, 80))
        finger("Move", (160, 170))
        finger("End")
        one = (canvas_picture(page) == 0).sum()
        assert one > 500
        finger("Start", (220, 200))  # a palm, which touches the screen first and moves along
        pen("Pressed", 100)
        finger("Move", (100, 250))
        pen("Moved", 220)
        pen("Released", 220)
        finger("End")
        picture = canvas_picture(page)
        assert one + 500 < (picture == 0).sum()
        assert (picture[190:220, 210:240] == 255).all()  # the palm left nothing


def test_what_is_drawn_is_prepared_and_answered_as_by_digits_predict(built, chromium, tmp_path):
    prepared, said, files = [], [], []
    with opened(chromium, built.path("report/index.html")) as page:
        for digit in (2, 4, 7):
            page.click("#clear")
            draw_digit(page, digit)
            prepared.append(page.evaluate("Array.from(look().image)"))
            said += map(int, page.locator("output").all_inner_texts())
            picture = canvas_picture(page)
            again = prepare(picture).ravel().astype(int)
            assert again.max() > 200
            assert np.abs(again - prepared[-1]).max() <= 1
            files.append(tmp_path / f"{digit}.png")
            Image.fromarray(picture).save(files[-1])
    command = ["python", "-m", "digits", "predict", "--json", "--model", "all"]
    rows = json.loads(built.run(*command, *map(str, files)))
    assert [row["digit"] for row in rows] == said
