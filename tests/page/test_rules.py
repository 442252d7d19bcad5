"""What the canvas refuses and doubts is what Python does; what it gives as reasons is true."""

import json
import subprocess
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digits.errors import PictureError
from digits.evaluation.doubt import doubts
from digits.pictures import preparing
from digits.pictures.preparing import ink
from digits.pictures.refusals import Refusal
from digits.pictures.single import check_single
from tests.browser import canvas_picture, draw_digit, draw_strokes, opened
from tests.page import made
from tests.page.conftest import SIX
from tests.page.handwriting import SHAPES
from tests.pipeline import ROOT
from tests.strokes import beside, draw, picture

CALL = """
const { ink, refusal } = require(process.argv[1]);
const pictures = JSON.parse(require("fs").readFileSync(0));
process.stdout.write(JSON.stringify(pictures.map(([grey, width, height]) => {
  const strokes = ink(Float64Array.from(grey), width, height);
  return strokes ? refusal(strokes, width, height) : "BLANK";
})));
"""


def run(call, greys):
    """What a script, given prepare.js, puts out for grey pictures."""
    done = subprocess.run(
        ["node", "-e", call, ROOT / "digits/page/assets/prepare.js"],
        input=json.dumps([(grey.ravel().tolist(), *grey.shape[::-1]) for grey in greys]),
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def pictures():
    """One digit, several of them, dots and strokes: uint8 (height, width)."""
    random = np.random.default_rng(0)
    yield np.full((40, 40), 250, np.uint8)
    for _ in range(40):
        yield picture(random)
        pair = [draw(int(random.integers(10)), 60, margin=random.uniform(0, 0.2)) for _ in "ab"]
        yield np.asarray(beside(*pair))
        page = Image.new("L", (60, 60), 255)
        x, y, wide, high = random.integers(1, 25, 4)
        kind = (ImageDraw.Draw(page).ellipse, ImageDraw.Draw(page).rectangle)[random.integers(2)]
        kind((x, y, x + wide, y + high), fill=int(random.integers(200)))
        yield np.asarray(page)


def test_the_canvas_refuses_what_python_refuses():
    greys = list(pictures())
    by_javascript = run(CALL, greys)
    assert by_javascript == list(map(refused, greys))
    counts = Counter(by_javascript)
    assert min(counts[kind] for kind in (None, "DOT", "SEVERAL", "WIDE")) >= 3


CLEAN = """
const { ink, place, isClean } = require(process.argv[1]);
const pictures = JSON.parse(require("fs").readFileSync(0));
process.stdout.write(JSON.stringify(pictures.map(([grey, width, height]) => {
  const strokes = ink(Float64Array.from(grey), width, height);
  return strokes && isClean(strokes, width, height, place(strokes, width, height));
})));
"""


def test_the_canvas_reads_those_pictures_that_need_no_more_steps():
    clean = pytest.importorskip("digits.pictures.clean")
    greys = [*pictures(), *map(framed, pictures()), *map(ruled, pictures())]
    by_javascript = run(CLEAN, greys)
    for grey, found in zip(greys, by_javascript, strict=True):
        if found is not None:
            strokes, noise = preparing.ink(grey)
            assert clean.is_clean(strokes, noise, preparing.place(strokes)) == found
    assert min(Counter(by_javascript)[found] for found in (True, False)) >= 20


def framed(grey):
    page = np.pad(grey, 12, constant_values=int(np.median(grey)))
    page[[4, 5, -6, -5], 4:-4] = 128
    page[4:-4, [4, 5, -6, -5]] = 128
    return page


def ruled(grey):
    page = grey.copy()
    page[::9] = 128
    return page


def refused(grey):
    """The name of what Python refuses a picture for, or None."""
    try:
        check_single(ink(grey)[0])
    except PictureError as fault:
        return next(reason.name for reason in Refusal if str(fault).startswith(reason))
    return None


def test_the_sentences_are_pythons(page):
    for strokes, percent, said in (
        ([[(0, 0), (1, 0)]], 0.3, Refusal.DOT),
        ([[(0, 0), (0, 80)], [(60, 0), (60, 80)]], 60, Refusal.SEVERAL),
        ([[(0, 50), (100, 50)]], 60, Refusal.WIDE),
    ):
        page.click("#clear")
        draw_strokes(page, strokes, percent)
        assert page.text_content("#said") == page.inner_text("#note") == said
        assert page.inner_text("output >> nth=0") == "\N{EN DASH}"


def test_the_canvas_doubts_what_python_doubts(page):
    usual, classes = known()
    usual = usual._replace(limits={"any": 1.0})  # so that answers are doubted for either reason
    page.evaluate("findings.doubt.limits = {[findings.models[findings.lead].name]: 1}")
    random = np.random.default_rng(0)
    images, labels = made.drawn(30, seed=5)
    noisy = np.clip(images + random.integers(0, 120, images.shape), 0, 255).astype(np.uint8)
    found = Counter()
    for image, label in (*zip(images, labels, strict=True), *zip(noisy, labels, strict=True)):
        logits = random.normal(0, 1, 10)
        logits[label] += random.integers(1, 9)
        said = page.evaluate(
            "(given) => doubt(...given)", [image.ravel().tolist(), logits.tolist()]
        )
        assert [said] * bool(said) == doubts(usual, "any", image, logits, classes)
        found[said.split(" ")[0]] += 1
    assert min(found[start] for start in ("it", "unlike")) >= 3


def known():
    """What is usual in the page of the fixture `page`, and its classes."""
    findings = made.findings({"any": made.dense("linear")})
    return findings.usual, findings.data.classes


def test_a_doubtful_answer_is_called_so_where_it_stands(page):
    draw_strokes(page, SHAPES["window"], 60)
    assert page.inner_text("#note").startswith("doubtful: ")
    assert page.text_content("#said").endswith(f"; {page.inner_text('#note')}.")


@pytest.mark.parametrize("name", ["hidden", "deep_with_a_long_name", "card", "grid"])
def test_evidence_is_the_ink_times_the_gradient(chromium, six, name):
    place = list(SIX).index(name)
    image = made.drawn(4, seed=9)[0][3]
    weights = np.random.default_rng(0).normal(size=10)
    with opened(chromium, six) as page:
        found = page.evaluate(
            "([place, grey, weights]) => Array.from(evidence(place, grey, weights).pixels)",
            [place, image.ravel().tolist(), weights.tolist()],
        )
    pixels = (image.ravel() / np.float32(255)).astype(float)

    def weighted(values):
        for layer in SIX[name]:
            values = layer(values)
        return float((values @ weights).item())

    for i in np.flatnonzero(pixels)[::9]:
        step = np.zeros((1, len(pixels)))
        step[0, i] = 1e-5
        slope = (weighted(pixels[None] + step) - weighted(pixels[None] - step)) / 2e-5
        assert found[i] == pytest.approx(pixels[i] * slope, abs=1e-5)
    assert all(found[i] == 0 for i in np.flatnonzero(pixels == 0))


def test_why_and_why_not_are_said_in_words(page):
    draw_digit(page, 4)
    answer = page.inner_text(".lead output")
    assert page.inner_text("#why-heading") == f"Why {answer}?"
    assert page.inner_text("#because").startswith(f"{answer}, because of the ink ")
    other = str((int(answer) + 1) % 10)
    page.click(f"#try [data-class='{other}']")
    assert page.inner_text("#why-heading") == f"Why not {other}?"
    assert page.inner_text("#because").startswith(f"Not {other}")
    page.click(f"#try [data-class='{other}']")
    assert page.inner_text("#why-heading") == f"Why {answer}?"


def test_pictures_are_read_or_sent_on(page, tmp_path):
    digit = np.asarray(draw(3, 200))
    Image.fromarray(digit).save(tmp_path / "clean.png")
    page.set_input_files("#file", tmp_path / "clean.png")
    page.wait_for_selector(".paper:not(.empty)")
    assert page.inner_text(".lead output").isdigit()
    assert (canvas_picture(page) < 100).sum() > 1000
    lined = digit.copy()
    lined[::20] = 90
    Image.fromarray(lined).save(tmp_path / "lined.png")
    page.set_input_files("#file", tmp_path / "lined.png")
    page.wait_for_selector("#note:text('digits predict')")
    assert page.inner_text(".lead output") == "\N{EN DASH}"
    (tmp_path / "none.png").write_text("no picture")
    page.set_input_files("#file", tmp_path / "none.png")
    page.wait_for_selector("#note:text('none.png')")


def test_a_picture_can_be_pasted(page):
    page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(100, 100);
          const pen = canvas.getContext("2d");
          pen.fillStyle = "white";
          pen.fillRect(0, 0, 100, 100);
          pen.fillStyle = "black";
          pen.fillRect(47, 15, 7, 70);
          const given = new DataTransfer();
          given.items.add(new File([await canvas.convertToBlob()], "one.png", {type: "image/png"}));
          document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: given}));
        }"""
    )
    page.wait_for_selector(".paper:not(.empty)")
    assert page.inner_text(".lead output").isdigit()


def test_without_javascript_nothing_is_there_to_be_pressed_in_vain(chromium, six):
    with opened(chromium, six, java_script_enabled=False) as page:
        idle = "button:not([popovertarget]), input, label, canvas"
        assert [e for e in page.locator(idle).all() if e.is_visible()] == []
        assert "needs JavaScript" in page.inner_text("#try")
        page.click("[popovertarget] >> nth=0")
        assert page.locator(".meaning:popover-open").count() == 1
