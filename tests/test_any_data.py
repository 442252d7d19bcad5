"""All stages, in one process: on any number of images, of classes with any names."""

import base64
import contextlib
import csv
import html
import io
import json
import os
import re
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
import yaml
from PIL import Image

from digits.__main__ import call
from digits.data.info import FILE, read_info
from digits.datasets.sources import fetch_dataset
from digits.files.arrays import write_array
from digits.params.stages import FetchParams
from tests.faults.ending import main_of
from tests.pipeline import ROOT

NAMES = [
    "猫", "ねこ\u3000犬", "বাংলা", "قطة", "שלום", "👩\u200d👧", "e\u0301te\u0301", "\u202eevil",
    "two\nlines", "\x1b[31mred\x1b[0m", "=HYPERLINK(1)", "'@x", "<b onclick=x>", "[a](b) ![c](d)",
    "`$x$ | @octocat", os.fsdecode(b"\xff"), "NA", "x" * 200,
]  # fmt: skip
SHOWN = {
    "two?lines", "?[31mred?[0m", "?evil", "?", "ねこ 犬", "👩\u200d👧", "'@x", "=HYPERLINK(1)",
}  # fmt: skip
TESTED = ("explore", "preprocess", "evaluate", "robustness", "report")
"""The stages that read the test images."""


def save(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project with a model, of one picture a class in either split."""
    folder = tmp_path_factory.mktemp("any") / "title \x1b[1m\n"
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in NAMES:
            path = folder / "pictures \x1b[1m\n" / split / name / "1.png"
            save(path, random.integers(0, 256, (8, 8)))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["models"], params["train"]["epochs"] = ["basic"], 1
    params["fetch"] |= {"source": "pictures \x1b[1m\n", "prepare": "none"}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    with contextlib.chdir(folder):
        for stage in ("fetch", "explore", "preprocess", "train_basic"):
            main_of(stage)()
    return folder


def table(path):
    return [*csv.reader(Path(path).read_text(encoding="utf-8").splitlines())][1:]


@pytest.mark.parametrize("count", [1, 2, 201])
def test_the_stages_give_numbers_for_any_number_of_test_images(folder, monkeypatch, count):
    monkeypatch.chdir(folder)
    random = np.random.default_rng(count)
    write_array("data/raw/test_images.npy", random.integers(0, 256, (count, 8, 8), np.uint8))
    write_array("data/raw/test_labels.npy", random.integers(0, len(NAMES), count).astype(np.uint8))
    Path(FILE).write_text(json.dumps(json.loads(Path(FILE).read_text()) | {"test": count}))
    for stage in TESTED:
        main_of(stage)()
    rows = table("metrics/predictions/basic.csv")
    right = np.mean([actual == predicted for actual, predicted, _ in rows])
    assert len(rows) == count
    assert json.loads(Path("metrics/evaluation/basic.json").read_text())["accuracy"] == (
        pytest.approx(right, abs=1e-6)
    )
    assert 0 <= json.loads(Path("metrics/robustness/basic.json").read_text())["accuracy"] <= 1


def test_colour_alone_tells_classes_apart(tmp_path, monkeypatch, capsys):
    """Four classes of the same brightness, through all stages, with models of either kind."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for place, level in enumerate([(200, 60, 60), (60, 136, 60), (90, 90, 232), (102, 102, 102)]):
        for number in range(20):
            noisy = np.array(level) + random.integers(-20, 20, (12, 10, 1))
            save(tmp_path / f"pictures/{place}/{number}.png", noisy)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["fetch"] |= {"source": "pictures", "prepare": "none", "colour": "rgb"}
    params["models"], params["train"]["batch_size"] = ["basic", "convolutional"], 4
    params["train_convolutional"] |= {"epochs": 1, "filters": [2, 2]}
    params["robustness"] |= {name: [] for name in ("shift", "rotation", "blur", "contrast")}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    for stage in ("fetch", *TESTED[:2], "train_basic", "train_convolutional", *TESTED[2:]):
        main_of(stage)()
    assert read_info().shape == (12, 10, 3)
    assert json.loads(Path("metrics/evaluation/basic.json").read_text())["accuracy"] > 0.9
    (sheet, *_) = re.findall(
        r"data:image/png;base64,([^\"')]+)", Path("report/index.html").read_text()
    )
    assert Image.open(io.BytesIO(base64.b64decode(sheet))).mode in ("RGB", "P")
    call(["predict", "pictures/0/1.png", "--model", "basic", "--show", "seen.png"])
    assert capsys.readouterr().out.splitlines()[-1].split()[1:3] == ["basic", "0"]


def test_a_folder_from_a_mac_which_takes_accents_apart_gives_the_same(tmp_path):
    """In any order of the names, and whichever form fetch.classes has."""
    section = yaml.safe_load((ROOT / "params.yaml").read_text())["fetch"]
    words, fetched = ["zebra", "été", "ete"], []
    for form in ("NFC", "NFD"):
        for place, name in enumerate(normalize(form, word) for word in words):
            for number in range(3):
                path = tmp_path / form / name / f"{name[0]}{number}.png"
                save(path, np.random.default_rng([place, number]).integers(0, 256, (8, 8)))
        for classes in (None, words):
            own = {"source": str(tmp_path / form), "prepare": "none", "classes": classes}
            dataset, info, _ = fetch_dataset(FetchParams(**section | own | {"title": "same"}))
            fetched.append((info, [array.tobytes() for array in dataset]))
    assert fetched[0] == fetched[2]
    assert fetched[1] == fetched[3]
    assert fetched[1][0].classes == words


def test_names_of_any_kind_are_shown_safely_and_readably(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    for stage in ("fetch", *TESTED):  # a warning of matplotlib's would be an error
        main_of(stage)()
    call(["predict", "pictures \x1b[1m\n/test/" + NAMES[-2]])
    Image.new("L", (9, 8)).save("other.png")
    with pytest.raises(SystemExit):
        call(["predict", "other.png"])
    out = "".join(capsys.readouterr())
    assert "expected a picture of 8 x 8 pixels, height and width, got 8 x 9" in out
    assert "?[1m?" in out
    assert "\x1b" not in out
    classes = read_info().classes
    assert len(set(classes)) == len(NAMES)
    assert {"猫", "বাংলা", "قطة", *SHOWN} <= set(classes)
    cells = [row[1] for row in table("metrics/classes.csv")]
    assert all(n in (c, c.removeprefix("'")) for c, n in zip(cells, classes, strict=True))
    assert not any(cell.startswith(tuple("=+-@")) for cell in cells)
    page = Path("report/index.html").read_text(encoding="utf-8")
    for name in classes:
        assert html.escape(name).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
    assert f"\u2068{NAMES[4]}\u2069" in page
    assert "<b onclick" not in page
    assert not {"\x1b", "\u202e", "\udcff"} & {*page}
