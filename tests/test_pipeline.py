"""Which stages run after which change: real DVC in a copy of this repository, on small data."""

import re
import shutil

import pytest

from tests import pipeline
from tests.pipeline import MODELS, STAGES, TRAININGS, readers

TESTS = ["evaluate", "robustness", "report"]


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        *((f"digits/models/{name}.py", [f"train_{name}"]) for name in MODELS),
        ("digits/training/train.py", TRAININGS),
        ("digits/workers/meeting.py", TRAININGS),
        ("digits/inference/network.py", TESTS),
        ("digits/evaluation/results.py", TESTS),
        ("digits/figures/style.py", ["evaluate", "report"]),
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
    assert stale() == ["train_hidden"]
    project.set("train.seed", 2)
    assert stale() == [*TRAININGS, "report"]


def test_branches_keep_their_results_and_metrics_diff_works_in_a_plain_clone(branched, tmp_path):
    found = {}
    for branch in ("main", "few"):
        branched.run("git", "switch", "--quiet", branch)
        branched.run("dvc", "checkout", "--with-deps", "evaluate")
        assert "> python" not in branched.run("dvc", "repro", "evaluate")
        found[branch] = branched.path("models/hidden.keras").read_bytes()
    assert found["main"] != found["few"]
    clone = pipeline.Project(tmp_path / "clone")
    branched.run("git", "clone", "--quiet", "--branch", "few", ".", str(clone.folder))
    clone.run("git", "branch", "--quiet", "main", "origin/main")
    assert not clone.path("models/hidden.keras").exists()
    rows = clone.run("dvc", "metrics", "diff", "main", "--md").splitlines()
    (row,) = (row for row in rows if "evaluation/hidden.json" in row and "| accuracy" in row)
    old, new, change = (float(cell) for cell in row.split("|")[3:6])
    assert new < old
    assert change == pytest.approx(new - old, abs=1e-5)
    assert "train_hidden.units" in clone.run("dvc", "params", "diff", "main", "--md")


def test_the_summary_shows_every_model_and_picture(project):
    output = project.run("python", "-m", "digits", "summary")
    assert {line.split()[0] for line in output.splitlines() if line} >= set(MODELS)
    compared = re.findall(r"^(\w+) against (\w+): ", output, re.MULTILINE)
    assert compared == [(model, MODELS[0]) for model in MODELS[1:]]
    pictures = {
        str(path.relative_to(project.folder)) for path in project.folder.rglob("m*/**/*.png")
    }
    assert pictures <= set(output.split())
    assert "report/index.html" in output
    shutil.rmtree(project.path("metrics"))
    assert "cannot be read" in project.run("python", "-m", "digits", "summary", code=1)


@pytest.mark.parametrize("fault", ["raise DigitsError('x')", "1 / 0"])
def test_a_stage_that_fails_says_how_the_committed_metrics_come_back(project, fault):
    start = "def main() -> None:\n"
    raised = f"    from digits.errors import DigitsError\n    {fault}\n"
    project.edit("stages/explore.py", start, start + raised)
    said = project.run("dvc", "repro", "explore", code=255)
    assert "metrics/dataset.json" in project.run("git", "status", "--porcelain")
    project.run(*re.search("`(git restore .+?)`", said)[1].split())
    assert project.run("git", "status", "--porcelain") == " M stages/explore.py\n"
