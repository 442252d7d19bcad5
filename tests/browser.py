"""A real browser for the tests: the system's Chromium, driven by Playwright."""

import io
import os
import shutil
from base64 import b64decode
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from tests.strokes import STROKES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def require():
    """Skip where there is no browser; with REQUIRE_BROWSER set, as in CI, fail."""
    if CHROMIUM and find_spec("playwright"):
        return
    reason = "no Chromium on the PATH (on Debian: apt install chromium), or no Playwright"
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"REQUIRE_BROWSER is set, but there is {reason}")
    pytest.skip(reason)


@contextmanager
def browser():
    """Start Chromium for as long as the block lasts."""
    require()
    from playwright.sync_api import sync_playwright  # tests that need none can do without

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def opened(chromium, file, width=1280, height=900, **options):
    """Open a file; in the end there must have been no error, and no request beyond its folder."""
    address = file.resolve().as_uri()
    folder = file.resolve().parent.as_uri()
    context = chromium.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else 0)
    page.on("pageerror", lambda fault: said.append(f"uncaught: {fault}"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", folder))] == []


def draw_digit(page, digit):
    """Draw a digit with the mouse, its strokes in the middle of the canvas."""
    draw_strokes(page, STROKES[digit], 54)


def draw_strokes(page, strokes, percent):
    """Draw strokes with the mouse in the middle of the canvas, so large a share of its width."""
    page.locator("#canvas").scroll_into_view_if_needed()
    box = page.locator("#canvas").bounding_box()
    points = np.concatenate([np.array(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = box["width"] * percent / 100 / (high - low).max()
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    for stroke in strokes:
        places = (np.array(stroke, float) - (low + high) / 2) * scale + middle
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()


def canvas_picture(page):
    """The canvas as a grey picture: uint8 (height, width)."""
    png = page.evaluate("document.getElementById('canvas').toDataURL()").partition(",")[2]
    return np.asarray(Image.open(io.BytesIO(b64decode(png))).convert("L"))
