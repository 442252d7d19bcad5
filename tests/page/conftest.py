"""Pages of made-up models, opened in a real browser."""

import pytest

from digits.page.page import page as page_of
from tests import browser
from tests.browser import opened
from tests.page import made

PAIR = {"basic": made.dense("linear"), "hidden": made.dense("relu", "linear", seed=1)}
"""The list of most tests, each model with a mistake in about every third image."""
SIX = {
    **PAIR,
    "conv": [],
    "deep_with_a_long_name": made.dense("tanh", "sigmoid", "linear", seed=3),
    "card": made.dense("sigmoid", "linear", seed=4),
    "grid": made.dense("linear", "linear", seed=5),
}
"""One model for each colour; some are called as classes and roles of the page are."""


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """A function that writes the page of a list of models to a file of its own."""
    browser.require()

    def write(models, **options):
        file = tmp_path_factory.mktemp("page") / "index.html"
        file.write_text(page_of(made.findings(models, **options)), encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def file(write):
    return write(PAIR)


@pytest.fixture(scope="session")
def six(write):
    return write(SIX)


@pytest.fixture
def page(chromium, file):
    with opened(chromium, file) as page:
        yield page
