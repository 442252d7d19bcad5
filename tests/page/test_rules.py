"""The canvas prepares, refuses and marks what Python does; what it gives as reasons is true."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.special import softmax

from digits.errors import PictureError
from digits.evaluation.uncertainty import uncertain
from digits.pictures.prepared import Refusal
from digits.pictures.preparing import ink, place
from digits.pictures.single import check_single
from tests.browser import canvas_picture, draw_digit, draw_strokes, opened
from tests.page import made
from tests.page.conftest import PAIR
from tests.page.handwriting import SHAPES
from tests.strokes import beside, draw


def shape(kind, *box, fill=0):
    """A picture of an ellipse or a rectangle, which ImageDraw draws."""
    image = Image.new("L", (60, 60), 255)
    getattr(ImageDraw.Draw(image), kind)(box, fill=fill)
    return np.asarray(image)


def pictures():
    """Pictures on even paper: blank ones, a digit, cut too, several, dots and bars."""
    five = np.asarray(draw(5, 60))
    yield from (np.full((40, 40), 250), np.full((1, 1), 7), np.pad(np.full((5, 5), 19), 9))
    yield from (five, 255 - five, five[:45], shape("ellipse", 20, 20, 40, 40))
    yield from (shape("rectangle", 20, 20, 22, 22), shape("rectangle", 5, 25, 55, 30))
    for gap in range(0, 12, 2):
        yield np.hstack([five[:, : 48 + gap // 2], five[:, 12 - gap // 2 :]])
    random = np.random.default_rng(0)
    for _ in range(12):
        pair = [draw(int(random.integers(10)), 60, margin=random.uniform(0, 0.2)) for _ in "ab"]
        x, y, wide, high = map(int, random.integers(1, 25, 4))
        kind = ("ellipse", "rectangle")[random.integers(2)]
        blot = shape(kind, x, y, x + wide, y + high, fill=int(random.integers(200)))
        turned = pair[0].rotate(random.uniform(-15, 15), fillcolor=255)
        yield from map(np.asarray, (turned, beside(*pair), blot))


def by_python(grey):
    """Why a picture is refused, or the image that models get."""
    try:
        strokes, _ = ink(grey)
        check_single(strokes)
    except PictureError as fault:
        return next(one.name for one in Refusal if str(fault).startswith(one)), None
    return "read", place(strokes).ravel().astype(int)


def test_both_languages_make_the_same_of_pictures(page):
    counts = Counter()
    for grey in pictures():
        reason, image = page.evaluate(
            """(grey) => {
              const strokes = ink(grey);
              const reason = strokes ? refusal(strokes) : "BLANK";
              return reason ? [reason.replace("BLOT", "DOT"), null] : ["read", [...place(strokes)]];
            }""",
            grey.tolist(),
        )
        outcome, expected = by_python(grey)
        assert reason == outcome
        assert image is None or np.abs(image - expected).max() <= 1
        counts[outcome] += 1
    assert min(counts[kind] for kind in ("read", "BLANK", "DOT", "SEVERAL", "WIDE")) >= 2


@pytest.mark.parametrize(
    ("strokes", "percent", "said"),
    [
        ([[(0, 0), (1, 0)]], 0.3, Refusal.DOT),
        ([[(0, 0), (0, 80)], [(60, 0), (60, 80)]], 60, Refusal.SEVERAL),
        ([[(0, 50), (100, 50)]], 60, Refusal.WIDE),
        ([[(100 * (i % 2), 3 * i) for i in range(34)]], 20, "a scribble or a blot: "),
        ([[(100 * (i % 2), 3 * i) for i in range(34)]], 80, "a scribble or a blot: "),
        (SHAPES["window"], 60, "uncertain: "),
    ],
)
def test_what_is_no_digit_is_refused_in_words_that_fit_or_doubted(page, strokes, percent, said):
    draw_strokes(page, strokes, percent)
    note, aloud = page.inner_text("#note"), page.text_content("#said")
    assert note.startswith(said)
    doubted = said == "uncertain: "
    assert aloud.endswith(f"; {note}.") if doubted else aloud == note
    assert (page.inner_text("output >> nth=0") == "\N{EN DASH}") == (not doubted)


def test_the_canvas_marks_the_answers_that_python_marks(page):
    findings = made.findings(PAIR)
    reference = findings.reference._replace(thresholds={"any": 1.0})  # so that both reasons occur
    page.evaluate("findings.reference.thresholds[findings.models[findings.lead].name] = 1")
    random = np.random.default_rng(0)
    images, labels = made.drawn(30, seed=5)
    noisy = np.clip(images + random.integers(0, 120, images.shape), 0, 255).astype(np.uint8)
    reasons = Counter()
    for image, label in zip([*images, *noisy], [*labels, *labels], strict=True):
        logits = random.normal(0, 1, 10)
        logits[label] += random.integers(1, 9)
        given = [image.ravel().tolist(), logits.tolist()]
        said = page.evaluate("(given) => uncertain(...given)", given)
        assert [said] * bool(said) == uncertain(
            reference, "any", image, logits, findings.data.classes
        )
        reasons[said.split(" ")[0]] += 1
    assert min(reasons[start] for start in ("may", "unlike")) >= 3


def test_why_and_why_not_name_what_another_square_of_ink_would_change(page):
    draw_digit(page, 4)
    image = np.array(page.evaluate("Array.from(look().image)"), np.uint8).reshape(28, 28)
    answer = int(page.inner_text(".lead output"))
    other = (answer + 1) % 10
    assert_explained(page, image, answer, answer)
    page.click(f"#try [data-class='{other}']")
    assert_explained(page, image, other, answer)
    page.click(f"#try [data-class='{other}']")
    assert page.inner_text("#why-heading") == f"Why {answer}?"
    page.click("#clear")
    assert page.inner_text("#why-heading") == "Why?"
    assert "would be" not in page.inner_text("#because")


def assert_explained(page, image, about, answer):
    """Compare with what numpy computes for each of 7 x 7 squares."""
    layers = PAIR[page.evaluate("findings.models[findings.lead].name")]

    def margin_and_confidence(image):
        values = image.reshape(1, -1) / np.float32(255)
        for layer in layers:
            values = layer(values)
        logits = values[0].astype(float)
        return logits[about] - np.delete(logits, about).max(), float(softmax(logits)[about])

    now, confidence = margin_and_confidence(image)
    best = {True: (0, ""), False: (0, "")}
    for row, column in np.ndindex(7, 7):
        square = np.s_[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        changed = image.copy()
        inked = bool(image[square].max() > image.max() / 4)
        changed[square] = 0 if inked else image.max()
        margin, share = margin_and_confidence(changed)
        change = now - margin if about == answer else margin - now
        best[inked] = max(best[inked], (change, page.evaluate("percent", share)))
    said = page.inner_text("#because")
    assert said.startswith(f"The confidence in {about} is {page.evaluate('percent', confidence)}.")
    for change, share in best.values():
        assert change > 0
        assert f" it would be {share}." in said


def test_pictures_are_read_or_sent_on(page, tmp_path):
    lined = np.array(draw(3, 200))
    lined[::20] = 90
    Image.fromarray(lined).save(tmp_path / "lined.png")
    draw(3, 200).save(tmp_path / "clean.png")
    (tmp_path / "none.png").write_text("no picture")
    page.set_input_files("#file", tmp_path / "clean.png")
    page.wait_for_selector(".paper:not(.empty)")
    assert page.inner_text(".lead output").isdigit()
    assert (canvas_picture(page) < 100).sum() > 1000
    page.set_input_files("#file", tmp_path / "lined.png")
    page.wait_for_selector("#note:text('digits predict')")
    assert page.inner_text(".lead output") == "\N{EN DASH}"
    page.set_input_files("#file", tmp_path / "none.png")
    page.wait_for_selector("#note:text('none.png')")


def test_without_javascript_nothing_is_there_to_be_pressed_in_vain(chromium, six):
    with opened(chromium, six, java_script_enabled=False) as page:
        idle = "button:not([popovertarget], :disabled), input, label, canvas"
        assert [e for e in page.locator(idle).all() if e.is_visible()] == []
        assert "needs JavaScript" in page.inner_text("#try")
        page.click("[popovertarget] >> nth=0")
        assert page.locator(".meaning:popover-open").count() == 1
