"""The page that `dvc repro` built here, from all of MNIST: where it has not been, these skip."""

from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest

from digits.backend import keras
from digits.data.loading import read_raw
from digits.evaluation.scoring import probabilities
from digits.inference import network as inference
from digits.params import read_params
from digits.params.models import Models
from tests import browser
from tests.browser import draw_strokes, opened
from tests.page.handwriting import SHAPES
from tests.strokes import STROKES

PAGE = Path("report/index.html")
NAMES = list(enumerate(read_params(Models).root))

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the pipeline has not been run here")


@pytest.fixture(scope="module")
def page():
    assert PAGE.stat().st_size < 3_000_000
    with browser.browser() as chromium, opened(chromium, PAGE) as page:
        yield page


@pytest.mark.slow
@pytest.mark.parametrize(("place", "name"), NAMES)
def test_all_test_digits_get_the_answers_of_the_evaluation_and_of_keras(page, place, name):
    images = np.array(read_raw("test")[0]).reshape(-1, 784)
    network = inference.load(f"models/{name}.keras", 784, 10)
    if not network.stack:
        pytest.skip(f"{name} is not on the canvas")
    answers = page.evaluate(
        """([place, pixels, base64]) => {
            const grey = bytes(base64);
            const starts = Array.from({length: grey.length / pixels}, (_, row) => row * pixels);
            return starts.map((start) => infer(place, grey.subarray(start, start + pixels)));
        }""",
        [place, images.shape[1], b64encode(images).decode()],
    )
    pixels = images / np.float32(255)
    logits = network.logits(pixels)
    assert np.abs([a["softmax"] for a in answers] - probabilities(logits)).max() < 1e-6
    digits = logits.argmax(axis=1)
    assert [answer["digit"] for answer in answers] == digits.tolist()
    by_keras = keras.models.load_model(f"models/{name}.keras").predict(pixels, verbose=0)
    # Two of Keras's float32 sigmoids may both be 1, where their logits are apart
    assert (by_keras[np.arange(len(digits)), digits] == by_keras.max(axis=1)).all()


@pytest.mark.parametrize("size", [54, pytest.param(20, marks=pytest.mark.slow)])
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
