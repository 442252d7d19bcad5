"""The page on three screens, on paper, by keyboard and read aloud, in a real browser."""

import re

import numpy as np
import pytest

from tests.browser import draw_digit, opened
from tests.page.conftest import SIX

SCREENS = [(360, 740), (800, 1000), (1600, 900)]


@pytest.mark.parametrize(("width", "height"), SCREENS)
@pytest.mark.parametrize("models", [dict([*SIX.items()][:count]) for count in (2, 4, 6)], ids=len)
def test_the_layout_holds(chromium, write, models, width, height):
    file = write(models, count=1000, wrong=0.01)  # so that cells hold large numbers
    with opened(chromium, file, width, height) as page:
        box = page.locator("#canvas").bounding_box()
        assert 0 <= box["y"] <= height - box["height"]  # all of it on the first screen
        tops = """Array.from(document.querySelectorAll("button, canvas, h2, h3, #try td"),
          (e) => Math.round(e.getBoundingClientRect().top + scrollY))"""
        before = page.evaluate(tops)
        draw_digit(page, 5)
        assert page.evaluate(tops) == before
        page.evaluate("scrollTo(0, 0)")
        beyond = """Array.from(document.querySelectorAll("body *"))
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
          .filter((e) => !e.closest(".unseen"))
          .map((e) => e.outerHTML.slice(0, 100))"""
        assert page.evaluate(beyond) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = """Array.from(document.querySelectorAll(
            "button:not(#examples *), h1, h2:not(.unseen), .card *, dd, #try th, #try td"))
          .filter((e) => getComputedStyle(e).display != "inline")
          .filter((e) => e.scrollWidth > e.clientWidth + 1)
          .map((e) => e.outerHTML.slice(0, 100))"""
        assert page.evaluate(cut) == []
        small = """Array.from(document.querySelectorAll("body *")).filter((e) => e.checkVisibility()
            && Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim()))
          .filter((e) => parseFloat(getComputedStyle(e).fontSize)
            * (e.closest("svg")?.getScreenCTM().a ?? 1) < 11)
          .map((e) => e.outerHTML.slice(0, 80))"""
        assert page.evaluate(small) == []
        assert page.locator("[role=grid]").count() == len(models)
        assert page.locator(".plot svg").count() == 8 + len(models)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_what_is_behind_them(chromium, six, scheme):
    pairs = """Array.from(document.querySelectorAll("body *")).filter((e) => e.checkVisibility()
      && Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
        let b = e;
        const clear = /^(transparent|rgba\\(0, 0, 0, 0\\))$/;
        while (b !== document.body && clear.test(getComputedStyle(b).backgroundColor))
          b = b.parentElement;
        const style = getComputedStyle(e);
        const letters = e.closest("svg") ? style.fill : style.color;
        return [letters, getComputedStyle(b).backgroundColor, e.outerHTML.slice(0, 80)];
      })"""
    with opened(chromium, six, color_scheme=scheme) as page:
        found = page.evaluate(pairs)
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(value) for value in re.findall(r"\d+", back)[:3])
    assert (brightness > 600) == (scheme == "light")
    assert len(found) > 500
    faint = [text for fore, back, text in found if contrast(fore, back) < 4.5]
    assert faint == []


def contrast(one, other):
    """WCAG 2's contrast ratio of two colours, as CSS writes them when it has computed them."""
    lights = []
    for colour in (one, other):
        numbers = np.array([float(n) for n in re.findall(r"[\d.]+", colour)])
        over = numbers[3] if len(numbers) > 3 else 1
        assert over > 0.2, colour
        shares = numbers[:3] / (1 if colour.startswith("color(") else 255)
        linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_everything_has_a_name_for_screen_readers(page):
    unnamed = """Array.from(document.querySelectorAll(
        "button, canvas, .plot svg, table, section, img, [role=img]"))
      .filter((e) => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
        || e.alt || e.caption?.textContent || e.textContent.trim()
        || e.querySelector("[aria-label]")))
      .map((e) => e.outerHTML.slice(0, 100))"""
    assert page.evaluate(unnamed) == []
    levels = [int(h.evaluate("(h) => h.tagName[1]")) for h in page.locator("h1, h2, h3").all()]
    assert levels[0] == max(np.diff(levels)) == 1
    assert page.get_attribute("html", "lang") == "en"


def test_the_matrices_are_walked_with_the_keyboard(page):
    page.focus("[data-model='0'] button[tabindex='0']")
    for key in (
        ["ArrowUp"] * 10 + ["ArrowLeft"] * 10 + ["ArrowDown"] * 2 + ["ArrowUp"] + ["ArrowRight"] * 2
    ):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    assert page.inner_text(".said >> nth=0").startswith("1 predicted as 2: ")
    page.keyboard.press("Enter")
    assert page.inner_text(".said >> nth=0") == "Mistakes with the highest confidence"
    assert page.locator("[data-model='0'] button[tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.matrix').dataset.model") == "1"


def test_paper_is_light_and_has_nothing_to_press(chromium, six):
    with opened(chromium, six, color_scheme="dark") as page:
        draw_digit(page, 5)
        page.emulate_media(media="print", color_scheme="dark")
        idle = page.locator("#clear, .file, nav, #examples button")
        assert [e for e in idle.all() if e.is_visible()] == []
        ink = page.evaluate("getComputedStyle(document.body).color")
        assert sum(map(int, re.findall(r"\d+", ink))) < 150
        styles = "Array.from(document.querySelectorAll('.sample'), (e) => getComputedStyle(e)"
        assert set(page.evaluate(f"{styles}.printColorAdjust)")) == {"exact"}
        assert set(page.evaluate(f"{styles}.filter)")) == {"invert(1)"}
        assert page.is_visible("#canvas")
        page.emulate_media(media="screen", forced_colors="active")
        kept = "getComputedStyle(document.querySelector('#try td')).forcedColorAdjust"
        assert page.evaluate(kept) == "none"
        page.click("#clear")
        page.emulate_media(media="print")
        assert not page.is_visible("#canvas")


def test_four_models_are_printed_on_six_sheets(chromium, write):
    with opened(chromium, write(dict([*SIX.items()][:4]))) as page:
        draw_digit(page, 5)
        assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") <= 6
