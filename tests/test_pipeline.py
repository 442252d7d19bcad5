"""Which stages run after which change, and what is shown of the results: real git and DVC."""

import re
import shutil

import pytest

from digits.__main__ import call
from tests import pipeline
from tests.pipeline import MODELS, STAGES, TRAININGS, readers
from tests.strokes import draw

TESTS = ["evaluate", "robustness", "report"]


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        *((f"digits/models/{name}.py", [f"train_{name}"]) for name in MODELS),
        ("digits/training/train.py", TRAININGS),
        ("digits/workers/meeting.py", TRAININGS),
        ("digits/inference/network.py", TESTS),
        ("digits/evaluation/results.py", TESTS),
        ("digits/figures/font.py", ["evaluate", "report"]),
        ("digits/page/assets/page.css", ["report"]),
        ("digits/datasets/catalogue.py", ["fetch"]),
        ("digits/cli/compare.py", []),
        ("digits/process.py", []),
    ],
)
def test_an_edited_module_makes_its_stages_stale_and_no_other(file, stages):
    assert readers(file) == [stage for stage in STAGES if stage in stages]


def test_dvc_would_run_what_has_changed(project):
    def stale():
        would = project.run("dvc", "repro", "--dry")
        return re.findall(r"^Running stage '(\w+)':$", would, re.MULTILINE)

    project.path("digits/data/__pycache__").mkdir(exist_ok=True)
    project.path("digits/data/__pycache__/some.pyc").touch()
    assert stale() == []
    project.append("digits/models/hidden.py", "# a comment\n")
    project.set("robustness.seed", 2)
    assert stale() == ["train_hidden", "robustness", "report"]


@pytest.mark.parametrize("fault", ["raise DigitsError('x')", "1 / 0"])
def test_a_stage_that_fails_says_how_the_committed_metrics_come_back(project, fault):
    start = "def main() -> None:\n"
    raised = f"    from digits.errors import DigitsError\n    {fault}\n"
    project.edit("stages/explore.py", start, start + raised)
    said = project.run("dvc", "repro", "explore", code=255)
    assert "metrics/dataset.json" in project.run("git", "status", "--porcelain")
    project.run(*re.search("`(git restore .+?)`", said)[1].split())
    assert project.run("git", "status", "--porcelain") == " M stages/explore.py\n"


@pytest.mark.slow
def test_branches_keep_their_results_and_metrics_diff_works_in_a_plain_clone(project, tmp_path):
    project.run("git", "switch", "--quiet", "--create", "few")
    project.set("train_hidden.units", 3)
    project.run("dvc", "repro", "--quiet", "evaluate")
    project.commit("few")
    found = {}
    for branch in ("main", "few"):
        project.run("git", "switch", "--quiet", branch)
        project.run("dvc", "checkout", "--with-deps", "evaluate")
        assert "> python" not in project.run("dvc", "repro", "evaluate")
        found[branch] = project.path("models/hidden.keras").read_bytes()
    assert found["main"] != found["few"]
    narrow = ("env", "COLUMNS=100", "dvc", "exp", "show", "--only-changed", "--no-pager")
    assert width(project.run(*narrow, "--rev", "main", "--rev", "few")) <= 100
    clone = pipeline.Project(tmp_path / "clone")
    project.run("git", "clone", "--quiet", "--branch", "few", ".", str(clone.folder))
    clone.run("git", "branch", "--quiet", "main", "origin/main")
    assert not clone.path("models/hidden.keras").exists()
    assert width(clone.run("dvc", "metrics", "diff", "main")) <= 100
    rows = clone.run("dvc", "metrics", "diff", "main", "--md").splitlines()
    (row,) = (row for row in rows if "evaluation/hidden.json" in row and "| accuracy" in row)
    old, new, change = (float(cell) for cell in row.split("|")[3:6])
    assert new < old
    assert change == pytest.approx(new - old, abs=1e-5)
    assert "train_hidden.units" in clone.run("dvc", "params", "diff", "main", "--md")


def width(text):
    return max(map(len, text.splitlines()))


def test_dvc_shows_a_row_for_each_model_and_stage(built):
    """In 100 columns, the same metrics for all."""
    shown = built.run("dvc", "metrics", "show")
    assert width(shown) <= 100
    head, *rows = (line for line in shown.splitlines() if "answers.json" not in line)
    assert head.split() == ["Path", "accuracy", "calibration_error", "errors", "loss", "macro_f1"]
    assert len(rows) == 3 * len(MODELS)


def test_the_summary_shows_every_model_and_picture(project, monkeypatch, capsys):
    """In 80 columns, as a comparison."""
    monkeypatch.chdir(project.folder)
    call(["compare", "HEAD"])
    assert width(capsys.readouterr().out) <= 80
    call(["summary"])
    output = capsys.readouterr().out
    assert width(output) <= 80
    assert {line.split()[0] for line in output.splitlines() if line} >= set(MODELS)
    pictures = {
        str(path.relative_to(project.folder)) for path in project.folder.rglob("m*/**/*.png")
    }
    assert pictures <= set(output.split())
    assert "report/index.html" in output
    shutil.rmtree("metrics")
    assert "cannot be read" in project.run("python", "-m", "digits", "summary", code=1)


@pytest.mark.slow
def test_what_answers_with_models_does_not_import_tensorflow(project):
    draw(3, 60).save(project.path("picture.png"))
    answering = ("stages.evaluate", "stages.robustness", "stages.report")
    for module in (*answering, "digits predict picture.png"):
        said = project.run("python", "-X", "importtime", "-m", *module.split())
        packages = set(re.findall(r"^import time:.*\| +(\w+)", said, re.MULTILINE))
        assert "digits" in packages
        assert not packages & {"tensorflow", "keras"}, module
