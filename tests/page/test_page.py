"""The page in a real browser, for one model and for several: what it holds, computes and shows."""

import re
from html import unescape

import pytest

from digits.figures.palette import COLOURS
from digits.page.page import page as page_of
from tests.browser import opened
from tests.page import made
from tests.page.conftest import PAIR, SIX


def test_it_is_one_file_that_names_no_other_and_has_the_same_bytes_each_time(six):
    content = six.read_text()
    html = re.sub("(?s)<(script|style).*?</\\1>", "", content)
    links = re.findall(r'(?:src|href|action)="([^"]*)"', html)
    assert len(links) > 6
    assert all(link.startswith(("#", "data:")) for link in links)
    assert re.findall(r"url\((?!data:)", content) == []
    assert "default-src 'none'" in content
    assert content.endswith("</html>\n")
    assert page_of(made.findings(SIX)) == content


@pytest.mark.parametrize("count", [1, 2, 6])
def test_it_names_each_model_and_compares_it_with_the_baseline(count):
    findings = made.findings(dict([*SIX.items()][:count]))
    text = " ".join(unescape(re.sub("<[^>]*>", "", page_of(findings))).split())
    first, *others = findings.models
    *most, last = [
        f"basic gets {first.scores['accuracy']:.2%} right",
        *(f"{model.name} {model.scores['accuracy']:.2%}" for model in others),
    ]
    assert " and ".join([", ".join(most)] * bool(most) + [last]) + "." in text
    for model in findings.models:
        form = "7,850 parameters"
        assert f"{model.scores['errors']} mistakes · {model.network.form}, {form}" in text
    for model in others:
        pair = model.scores["against_baseline"]
        gain = 100 * (model.scores["accuracy"] - first.scores["accuracy"])
        said = f"{gain:+.2f} points compared with basic: it corrects {pair['fixed']} of basic's"
        assert said.replace("-", "\N{MINUS SIGN}") in text
        assert f"not significant at 5% (p = {pair['mcnemar_p']:.3f})." in text
    assert "preprocess.limitnull" in text
    assert "robustness.shift1, 2" in text


def test_each_model_has_its_colour_and_its_marker_in_every_chart(chromium, six):
    with opened(chromium, six) as page:
        shapes = page.evaluate(
            """Array.from(document.querySelectorAll("path.mark"), (e) => [
              (e.closest("[class^=model-]") || e).getAttribute("class").match(/model-(\\d)/)[1],
              getComputedStyle(e).fill, e.getAttribute("d")])"""
        )
    by_place = {}
    for place, *look in shapes:
        by_place.setdefault(int(place), set()).add(tuple(look))
    assert {len(looks) for looks in by_place.values()} == {1}
    looks = [looks.pop() for _, looks in sorted(by_place.items())]
    assert [tuple(map(int, re.findall(r"\d+", fill))) for fill, _ in looks] == [
        tuple(bytes.fromhex(colour[1:])) for colour in COLOURS
    ]
    assert len({outline for _, outline in looks}) == len(SIX)


def test_names_are_text_and_what_the_page_cannot_compute_is_left_out_of_the_canvas(chromium, write):
    models = {"<b>one</b>": PAIR["basic"], '"two" & more': []}
    with opened(chromium, write(models, wrong=0)) as page:
        assert page.inner_text(".card >> nth=0").startswith("<b>one</b>")
        page.click("#examples button >> nth=0")
        assert page.text_content("#said").startswith("<b>one</b>: ")
        assert "more" not in page.text_content("#said")
        assert page.inner_text("#try > p").startswith('"two" & more cannot be tried here')
        assert page.locator("#try table .model-1").count() == 0
        assert page.locator(".said").all_inner_texts() == ["No mistakes"] * 2
        page.click("[data-model='1'] [data-actual='3'][data-predicted='4']")
        assert page.inner_text(".said >> nth=1") == "3 predicted as 4: 0"


def test_without_any_model_to_try_there_is_a_sentence_and_the_matrices_work(chromium, write):
    with opened(chromium, write({"conv": [], "lstm": []})) as page:
        assert "conv and lstm cannot be tried here: " in page.inner_text("#try")
        assert page.locator("canvas").count() == 0
        assert "canvas" not in page.inner_text("body")
        page.click("[data-model='0'] [data-actual='3'][data-predicted='3']")
        assert page.inner_text(".said >> nth=0").startswith("3 predicted as 3: ")
        assert page.locator("[data-model='0'] figure").count() > 0


def test_a_share_never_reads_as_certainty(page):
    shares = [0.0004, 0.1, 0.98765, 0.99949, 0.9995, 1]
    said = ["< 0.1%", "10.0%", "98.8%", "99.9%", "> 99.9%", "> 99.9%"]
    assert page.evaluate("(shares) => shares.map(percent)", shares) == said


def test_a_matrix_shows_the_surest_mistakes_or_a_cells_images(page):
    place = 1
    table = made.findings(PAIR).models[place].predictions
    wrong = table[table.actual != table.predicted]
    surest = wrong.sort_values("confidence", ascending=False, kind="stable")[:15]
    samples = page.locator(f"[data-model='{place}'] .sample").all()
    assert [sample.get_attribute("aria-label") for sample in samples] == [
        f"{row.actual} predicted as {row.predicted}" for row in surest.itertuples()
    ]
    for actual, predicted in [(0, 0), (1, 4), (7, 2)]:
        rows = table.index[(table.actual == actual) & (table.predicted == predicted)]
        cell = f"[data-model='{place}'] [data-actual='{actual}'][data-predicted='{predicted}']"
        page.click(cell)
        assert page.locator(f"[data-model='{place}'] figure").count() == len(rows)
        assert page.get_attribute(cell, "aria-pressed") == "true"
        assert page.locator("[aria-pressed=true]").count() == 1
