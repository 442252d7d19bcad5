"""The canvas of the page, drawn on with mouse, finger and pen in a real browser."""

import json

import numpy as np
import pytest
from PIL import Image

from digits.preparing import prepare
from tests.browser import canvas_picture, draw_digit, opened, settle


def test_what_is_drawn_is_answered_undone_and_cleared(page):
    nothing = ("", "Nothing drawn yet.")
    start = canvas_picture(page)
    page.click("#clear")
    assert (canvas_picture(page) == 255).all()
    assert answers(page) == nothing
    draw_digit(page, 4)
    four = canvas_picture(page)
    assert (four == 0).sum() > 1000
    assert answers(page)[0].isdigit()
    page.click("#undo")
    assert 0 < (canvas_picture(page) == 0).sum() < (four == 0).sum()
    page.click("#undo")
    assert (canvas_picture(page) == 255).all()
    for _ in range(3):
        page.click("#undo")
    page.click("#clear")
    assert answers(page) == nothing
    page.click("#examples button >> nth=0")
    assert (canvas_picture(page) == start).all()


def answers(page):
    """What both models say, as digits, and what is read aloud."""
    settle(page)
    digits = page.inner_text("#answer-basic") + page.inner_text("#answer-hidden")
    return digits.strip("\N{EN DASH}"), page.text_content("#said")


def test_the_bars_are_the_softmax_of_what_the_model_sees(page):
    draw_digit(page, 3)
    for name in ("basic", "hidden"):
        softmax = page.evaluate("(name) => infer(name, seen()).softmax", name)
        cells = page.locator(f"#try tbody td.{name}")
        for digit, share in enumerate(softmax):
            style = cells.nth(digit).get_attribute("style")
            assert float(style.split(":")[1].rstrip("; ")) == pytest.approx(share, abs=1e-5)
        assert page.inner_text(f"#answer-{name}") == str(int(np.argmax(softmax)))
        assert cells.nth(int(np.argmax(softmax))).get_attribute("class") == f"{name} best"


def test_what_the_model_sees_is_shown_and_hidden(page):
    draw_digit(page, 2)
    shown = page.evaluate(
        """Array.from(document.getElementById("seen").getContext("2d")
          .getImageData(0, 0, 28, 28).data)"""
    )
    assert shown[::4] == page.evaluate("Array.from(seen())")
    assert page.is_visible("#seen")
    page.uncheck("#see")
    assert not page.is_visible("#seen")


def test_a_finger_and_a_pen_draw_as_well(chromium, mistaken):
    file = mistaken.path("report/index.html")
    with opened(chromium, file, has_touch=True) as page:
        page.click("#clear")
        page.locator("#canvas").scroll_into_view_if_needed()
        box = page.locator("#canvas").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
        device = page.context.new_cdp_session(page)
        for kind, down in (("touchStart", 0), ("touchMove", 40), ("touchMove", 90)):
            points = [{"x": x, "y": y + down}]
            device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        device.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        finger = (canvas_picture(page) == 0).sum()
        assert finger > 1000
        for kind, right in (("mousePressed", -60), ("mouseMoved", 60), ("mouseReleased", 60)):
            event = {"type": kind, "x": x + right, "y": y + 45, "button": "left", "buttons": 1}
            event |= {"clickCount": 1, "pointerType": "pen"}
            device.send("Input.dispatchMouseEvent", event)
        assert (canvas_picture(page) == 0).sum() > finger + 1000


def test_what_is_drawn_is_prepared_and_answered_as_by_digits_predict(page, mistaken, tmp_path):
    prepared, said, files = [], [], []
    for digit in range(10):
        page.click("#clear")
        draw_digit(page, digit)
        prepared.append(page.evaluate("Array.from(seen())"))
        said += [int(page.inner_text(f"#answer-{name}")) for name in ("basic", "hidden")]
        picture = canvas_picture(page)
        again = prepare(picture).ravel().astype(int)
        assert again.max() > 200
        assert np.abs(again - prepared[-1]).max() <= 1
        files.append(tmp_path / f"{digit}.png")
        Image.fromarray(picture).save(files[-1])
    command = ["python", "-m", "digits", "predict", "--json", "--model", "both"]
    rows = json.loads(mistaken.run(*command, *map(str, files)))
    assert [row["digit"] for row in rows] == said
