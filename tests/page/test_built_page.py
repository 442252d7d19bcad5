"""The page that `dvc repro` built here, from all of MNIST: where it has not been, these skip."""

from pathlib import Path

import numpy as np
import pytest

from digits.data.loading import read_raw
from tests import browser
from tests.browser import draw_strokes, opened
from tests.page.handwriting import SHAPES
from tests.strokes import STROKES

PAGE = Path("report/index.html")

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the pipeline has not been run here")


@pytest.fixture(scope="module")
def page():
    assert PAGE.stat().st_size < 3_000_000
    with browser.browser() as chromium, opened(chromium, PAGE) as page:
        yield page


@pytest.mark.slow
@pytest.mark.parametrize("size", [54, 20])
def test_digits_are_read_whatever_their_size(page, size):
    right = 0
    for digit, strokes in STROKES.items():
        page.click("#clear")
        draw_strokes(page, strokes, size)
        right += page.inner_text(".lead output") == str(digit)
    assert right >= 9


@pytest.mark.slow
def test_few_right_answers_are_uncertain_and_those_to_most_shapes_are(page):
    images, labels = (np.array(array[:1000]) for array in read_raw("test"))
    found = page.evaluate(
        """(images) => images.map((grey) => {
            const { digit, logits } = infer(findings.lead, grey);
            return [digit, uncertain(grey, logits) !== ""];
        })""",
        images.reshape(1000, -1).tolist(),
    )
    digits, marked = np.array(found).T
    assert np.mean(marked[digits == labels]) <= 0.08
    said = []
    for shape in SHAPES.values():
        page.click("#clear")
        draw_strokes(page, shape, 60)
        said.append("uncertain" in page.text_content("#said"))
    assert np.mean(said) >= 0.8
