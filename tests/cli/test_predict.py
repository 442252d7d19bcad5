"""`digits predict`, in a project whose models have been built."""

import errno
import json
import os
import sys
from io import BytesIO, TextIOWrapper

import numpy as np
import pytest
from PIL import Image

from digits.__main__ import call
from digits.errors import DigitsError
from digits.params import read_params
from digits.params.stages import Models
from digits.pictures.prepared import Refusal
from tests.pictures.test_reading import huge_png
from tests.strokes import beside, draw

MODELS = read_params(Models).root


@pytest.fixture
def predict(monkeypatch, capsys):
    """Call it in a project; return exit code, what is printed, and the lines on stderr."""

    def predict(project, *arguments, stdin=b""):
        monkeypatch.chdir(project.folder)
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(stdin)))
        code = 0
        try:
            call(["predict", *map(str, arguments)])
        except SystemExit as end:
            code = end.code
        except DigitsError as fault:
            code = 1
            print(f"error: {fault}", file=sys.stderr)
        out, err = capsys.readouterr()
        return code, out, err.splitlines()

    return predict


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for digit in (1, 4, 7):
        draw(digit).save(folder / f"{digit}.png")
    return folder


def best(project):
    scores = {name: project.read(f"metrics/evaluation/{name}.json") for name in MODELS}
    return max(MODELS, key=lambda name: scores[name]["accuracy"])


def test_a_table_of_answers(predict, built, pictures):
    code, out, faults = predict(built, pictures / "4.png", pictures / "7.png")
    assert (code, faults) == (0, [])
    header, *rows = out.splitlines()
    assert header.split()[:5] == ["file", "model", "digit", "confidence", "runner-up"]
    assert [row.split()[:2] for row in rows] == [
        [str(pictures / f"{digit}.png"), best(built)] for digit in (4, 7)
    ]


def test_json_of_all_models_for_a_folder_a_pattern_and_stdin(predict, built, pictures):
    stdin = (pictures / "7.png").read_bytes()
    arguments = (pictures, pictures / "?.png", "-", "--json", "--model", "all")
    code, out, faults = predict(built, *arguments, stdin=stdin)
    assert (code, faults) == (0, [])
    rows = json.loads(out)
    names = [str(pictures / f"{digit}.png") for digit in (1, 4, 7)]
    asked = [(name, model) for name in [*names, *names, "-"] for model in MODELS]
    assert [(row["file"], row["model"]) for row in rows] == asked
    count = len(MODELS)
    again = rows[2 * count : 3 * count]  # 7.png
    assert [{**row, "file": ""} for row in rows[-count:]] == [{**row, "file": ""} for row in again]
    for row in rows:
        assert 0.1 <= row["confidence"] <= 1
        assert row["runner_up_confidence"] <= min(row["confidence"], 1 - row["confidence"] + 1e-6)
        assert row["digit"] != row["runner_up"]


def test_each_fault_is_one_line_and_the_rest_goes_on(predict, built, pictures, tmp_path):
    whole = (pictures / "4.png").read_bytes()
    faults = {
        "blank.png": Refusal.BLANK,
        "bomb.png": "larger than 64,000,000 pixels",
        "cut.png": "cannot be read, damaged or cut short",
        "gone.png": "expected a file, got none",
        "letter.png": "expected a picture",
        "several.png": Refusal.SEVERAL,
        "two\nlines.png": "expected a picture",
        "a" * 300: os.strerror(errno.ENAMETOOLONG),
    }
    Image.new("RGB", (300, 200), "white").save(tmp_path / "blank.png")
    (tmp_path / "bomb.png").write_bytes(huge_png(30_000))
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "letter.png").write_text("Dear reader,")
    (tmp_path / "two\nlines.png").touch()
    beside(draw(1), draw(2)).save(tmp_path / "several.png")
    names = [tmp_path / name for name in faults]
    code, out, told = predict(built, pictures / "1.png", *names, pictures / "7.png", "--json")
    assert code == 1
    assert [row["file"] for row in json.loads(out)] == [str(pictures / f"{n}.png") for n in (1, 7)]
    assert predict(built, names[0], "--json")[:2] == (1, "[]\n")
    for line, (name, message) in zip(told, faults.items(), strict=True):
        assert line.startswith(f"error: {tmp_path}/{name}: {message}".replace("\n", "?"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Two rows of digits, the second lower to the right, and a stroke that is no digit."""
    page = np.full((400, 700), 255, np.uint8)
    for row, column, digit in ((0, 0, 1), (0, 1, 4), (0, 3, 7), (1, 0, 3), (1, 1, 0), (1, 2, 5)):
        top, left = 20 + 150 * row + 20 * row * column, 30 + 85 * column
        page[top : top + 120, left : left + 120] = draw(digit, 120)
    page[370:374, 100:600] = 0
    path = tmp_path_factory.mktemp("page") / "page.png"
    Image.fromarray(page).save(path)
    return path


def test_a_page_is_read_by_rows_and_what_is_left_out_is_counted(predict, built, page, tmp_path):
    code, out, told = predict(built, page, "--all", "--json", "--show", tmp_path / "seen.png")
    rows = json.loads(out)
    assert [(one["row"], one["column"]) for one in rows] == [
        (y, x) for y in (1, 2) for x in (1, 2, 3)
    ]
    assert (code, told) == (0, [f"{page}: 7 marks: 6 read, 1 a line"])
    answers = [str(one["digit"]) for one in rows]
    assert predict(built, page, "--text")[1] == "{}{} {}\n{}{}{}\n".format(*answers)
    with Image.open(tmp_path / "seen.png") as seen:
        assert seen.width >= 700
        assert seen.convert("L").getextrema() == (0, 255)
    with Image.open(page) as whole:
        cut = np.array(whole)
    cut[20:100, 670:682] = cut[20:36, 670:] = cut[84:100, 670:] = 0
    Image.fromarray(cut).save(tmp_path / "cut.png")
    code, out, told = predict(built, tmp_path / "cut.png", "--text")
    assert (code, len(told)) == (1, 1)
    assert "touches the edge" in told[0]


def test_show_draws_what_the_model_saw_and_refused_pictures(predict, built, pictures, tmp_path):
    beside(draw(1), draw(2)).save(tmp_path / "two.png")
    one, several = tmp_path / "one.png", tmp_path / "several.png"
    assert predict(built, pictures / "1.png", "--show", one)[0] == 0
    names = (pictures, tmp_path / "two.png")
    assert predict(built, *names, "--model", "all", "--show", several)[0] == 1
    with Image.open(one) as narrow, Image.open(several) as wide:
        assert (wide.width, wide.height) > (2 * narrow.width - 1, 2 * narrow.height - 1)
        assert wide.convert("L").getextrema() == (0, 255)
    code, _, told = predict(built, pictures / "1.png", "--show", "/dev/null/no/such.png")
    assert (code, len(told)) == (1, 1)
    assert told[0].startswith("error: /dev/null/no/such.png cannot be written")


def test_without_models_it_says_how_to_make_them(predict, project, pictures):
    answers = best(project)
    for path in (
        "report/reference.json", f"models/{answers}.keras", f"metrics/evaluation/{answers}.json",
    ):  # fmt: skip
        project.path(path).unlink()
        code, out, told = predict(project, pictures / "1.png")
        assert (code, out, len(told)) == (1, "", 1)
        assert told[0].startswith(f"error: {path} cannot be ")
        assert "`dvc repro`" in told[0]
    project.path(path).write_text("{}")
    assert "metrics/ cannot be read: there is no " in predict(project, pictures / "1.png")[2][0]
    name = MODELS[0]
    code, out, told = predict(project, pictures / "1.png", "--model", name[:-1])
    assert (code, out) == (1, "")
    assert told == [f"error: {name[:-1]} is no model of params.yaml; did you mean '{name}'?"]
