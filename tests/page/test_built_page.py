"""The page that `dvc repro` built here, from all of MNIST: where it has not been, these skip."""

from base64 import b64encode
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits.backend import keras
from digits.data.loading import read_raw
from digits.evaluation.results import read_results
from digits.evaluation.scoring import probabilities
from digits.inference import network as inference
from digits.params import read_params
from digits.params.models import Models
from tests import browser
from tests.browser import draw_strokes, opened
from tests.page.handwriting import HANDS, SHAPES

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


@pytest.mark.slow
@pytest.mark.parametrize(("place", "name"), NAMES)
def test_each_cell_shows_all_its_mistakes_or_the_first_right_answers(page, place, name):
    table = pd.read_csv(f"metrics/predictions/{name}.csv")
    for (actual, predicted), count in table.groupby(["actual", "predicted"]).size().items():
        page.click(f"[data-model='{place}'] [data-actual='{actual}'][data-predicted='{predicted}']")
        shown = page.locator(f"[data-model='{place}'] figure").count()
        assert shown == (min(count, 24) if actual == predicted else count)
    assert page.inner_text(f".said >> nth={place}").endswith(", of which 24 here")


def test_its_headline_is_that_of_the_evaluation(page):
    scores = read_results([name for _, name in NAMES])
    for place, name in NAMES:
        card = page.inner_text(f".card.model-{place}")
        assert f"{100 * scores[name]['accuracy']:.2f}" in card
        assert f"{100 * scores[name]['accuracy_low']:.2f} to" in card
        assert f"{scores[name]['errors']:,} mistakes" in card
        if place:
            gain = scores[name]["accuracy"] - scores[NAMES[0][1]]["accuracy"]
            assert f"{100 * gain:+.2f}" in card
            assert f"corrects {scores[name]['against_baseline']['fixed']:,} of" in card


@pytest.mark.parametrize(
    ("hands", "size", "least"),
    [
        (["plain"], 54, 9),
        pytest.param(list(HANDS), 20, 54, marks=pytest.mark.slow),
        pytest.param(list(HANDS), 60, 57, marks=pytest.mark.slow),
    ],
)
def test_digits_of_several_hands_are_read_whatever_their_size(page, hands, size, least):
    """`augmented` reads nearly all, at 10 to 90 % of the canvas."""
    right = 0
    for hand in hands:
        for digit, strokes in HANDS[hand].items():
            page.click("#clear")
            draw_strokes(page, strokes, size)
            right += page.inner_text(".lead output") == str(digit)
    assert right >= least


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
