"""The page in a real browser, on small data: what it holds, computes and shows."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import yaml

from digits import models
from tests import pipeline
from tests.browser import opened


def test_it_is_one_file_that_names_no_other(built):
    class Links(HTMLParser):
        found = ()

        def handle_starttag(self, tag, attributes):
            self.found += tuple(v for k, v in attributes if k in ("src", "href", "action") and v)

    content = built.path("report/index.html").read_text()
    links = Links()
    links.feed(content)
    assert len(links.found) > 8
    assert all(link.startswith(("#", "data:")) for link in links.found)
    assert re.findall(r"url\((?!data:)", content) == []
    assert "default-src 'none'" in content
    assert content.endswith("</html>\n")


def test_two_builds_give_the_same_bytes(mistaken):
    before = mistaken.path("report/index.html").read_bytes()
    mistaken.run("python", "-m", "stages.report")
    assert mistaken.path("report/index.html").read_bytes() == before


def test_models_without_a_mistake_have_a_page_too(built, chromium):
    with opened(chromium, built.path("report/index.html")) as page:
        assert page.inner_text("#mistakes .columns > div:last-child .gallery") == "It made none."
        page.click("[data-model=hidden] [data-actual='3'][data-predicted='4']")
        assert page.inner_text("#cell-heading") == "hidden, 3 taken for 4: never"


@pytest.mark.parametrize("name", ["basic", "hidden"])
def test_its_inference_gives_the_outputs_of_keras(page, mistaken, dataset, name):
    images = np.concatenate([dataset.test_images, dataset.train_images])[:200].reshape(200, -1)
    answers = page.evaluate(
        "([name, images]) => images.map((image) => infer(name, image))", [name, images.tolist()]
    )
    model = models.load(mistaken.path(f"models/{name}.keras"))
    outputs = model.predict(images.astype(np.float32) / 255, verbose=0)
    sigmoid = np.array([answer["sigmoid"] for answer in answers])
    assert np.abs(sigmoid - outputs).max() < 1e-5
    logits = models.logits(model)(images.astype(np.float32) / 255)
    assert [answer["digit"] for answer in answers] == logits.argmax(axis=1).tolist()
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax = np.array([answer["softmax"] for answer in answers])
    assert np.abs(softmax - powers / powers.sum(axis=1, keepdims=True)).max() < 1e-5


@pytest.mark.parametrize("actual", range(4))
def test_a_cell_shows_its_images_and_says_how_many(page, mistaken, dataset, actual):
    table = pd.read_csv(mistaken.path("metrics/predictions_basic.csv"))
    for predicted in range(4):
        rows = table.index[(table.actual == actual) & (table.predicted == predicted)]
        button = f"[data-model=basic] [data-actual='{actual}'][data-predicted='{predicted}']"
        page.click(button)
        shown = page.locator("#cell-images figure")
        assert shown.count() == len(rows)
        assert page.get_attribute(button, "aria-pressed") == "true"
        assert page.locator("[aria-pressed=true]").count() == 1
        ats = page.evaluate("([a, p]) => inCell('basic', a, p)", [actual, predicted])
        for at, row in zip(ats, rows, strict=True):
            assert (sheet_image(page, at) == dataset.test_images[row]).all()


def sheet_image(page, at):
    """The pixels of an image in the sheet, as the browser has them."""
    values = page.evaluate(
        """(at) => {
          const context = new OffscreenCanvas(28, 28).getContext("2d");
          const [x, y] = [at % findings.columns, Math.floor(at / findings.columns)];
          context.drawImage(sheet, 28 * x, 28 * y, 28, 28, 0, 0, 28, 28);
          const { data } = context.getImageData(0, 0, 28, 28);
          return Array.from({ length: 784 }, (_, i) => data[4 * i]);
        }""",
        at,
    )
    return np.array(values).reshape(28, 28)


def test_the_pipeline_that_it_shows_is_that_of_dvc_yaml(page, mistaken):
    stages = yaml.safe_load(mistaken.path("dvc.yaml").read_text())["stages"]
    made = {out: name for name, stage in stages.items() for out in outputs(stage)}
    for name, stage in stages.items():
        after = list(dict.fromkeys(made[dep] for dep in stage["deps"] if dep in made))
        step = page.locator(".flow li li", has=page.locator(f"strong:text-is('{name}')"))
        text = f"{name} {stage['desc']}" + (f" after {', '.join(after)}" if after else "")
        assert " ".join(step.text_content().split()) == text
    assert page.locator(".flow li li").count() == len(stages)


def outputs(stage):
    """The paths that a stage writes."""
    outs = [out for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in outs]


def test_every_file_of_the_page_is_a_dependency_of_its_stage():
    stages = yaml.safe_load((pipeline.ROOT / "dvc.yaml").read_text())["stages"]
    listed = {dep for dep in stages["report"]["deps"] if dep.startswith("digits/page/")}
    files = (pipeline.ROOT / "digits/page").iterdir()
    assert listed == {f"digits/page/{file.name}" for file in files}
