"""The page that `dvc repro` built here, from all of MNIST: where it has not been, these skip."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits import models
from digits.files import read_json, read_raw
from tests import browser
from tests.browser import draw_digit, opened

PAGE = Path("report/index.html")
NAMES = ("basic", "hidden")

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the pipeline has not been run here")


@pytest.fixture(scope="module")
def page():
    with browser.browser() as chromium, opened(chromium, PAGE) as page:
        yield page


def test_it_is_under_3_mb():
    assert PAGE.stat().st_size < 3_000_000


@pytest.mark.parametrize("name", NAMES)
def test_200_test_digits_get_the_outputs_of_keras(page, name):
    images = read_raw("data/raw/test")[0][:200].reshape(200, -1)
    answers = page.evaluate(
        "([name, images]) => images.map((image) => infer(name, image).sigmoid)",
        [name, images.tolist()],
    )
    model = models.load(f"models/{name}.keras")
    outputs = model.predict(images.astype(np.float32) / 255, verbose=0)
    assert np.abs(np.array(answers) - outputs).max() < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_each_cell_shows_all_its_mistakes_or_the_first_right_answers(page, name):
    table = pd.read_csv(f"metrics/predictions_{name}.csv")
    counts = pd.crosstab(table.actual, table.predicted)
    for actual in range(10):
        for predicted in range(10):
            count = int(counts.loc[actual, predicted])
            page.click(
                f"[data-model={name}] [data-actual='{actual}'][data-predicted='{predicted}']"
            )
            shown = page.evaluate("document.querySelectorAll('#cell-images figure').length")
            assert shown == (min(count, 48) if actual == predicted else count)
    assert page.inner_text("#cell-heading").endswith("; the first 48")


def test_its_headline_is_that_of_the_evaluation(page):
    scores = read_json("metrics/evaluation.json")
    for name in NAMES:
        card = page.inner_text(f".card.{name}")
        assert f"{100 * scores[name]['accuracy']:.2f}" in card
        assert f"{100 * scores[name]['accuracy_low']:.2f} to" in card
        assert f"{scores[name]['errors']:,} mistakes" in card
    bought = page.inner_text(".card:last-child")
    gain = scores["hidden"]["accuracy"] - scores["basic"]["accuracy"]
    assert f"{100 * gain:+.2f}" in bought
    assert "p < 0.001, significant at 5%" in bought


def test_digits_drawn_with_the_mouse_are_read_right(page):
    said = {name: [] for name in NAMES}
    for digit in range(10):
        page.click("#clear")
        draw_digit(page, digit)
        for name in NAMES:
            said[name].append(int(page.inner_text(f"#answer-{name}")))
    assert sum(a == b for a, b in zip(said["hidden"], range(10), strict=True)) >= 9, said
