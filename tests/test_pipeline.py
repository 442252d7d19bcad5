"""Which stages run after which change: real DVC in a copy of this repository, on small data."""

import re
import shutil

import pytest

from tests import pipeline
from tests.test_map import SILENT

TRAININGS = [stage for stage in pipeline.STAGES if stage.startswith("train_")]
TESTS = ["evaluate", "robustness", "report"]
COMMENTS = {".py": "# a comment\n", ".css": "/**/\n", ".js": "/**/\n", ".j2": "{# a comment #}\n"}


@pytest.fixture(scope="module")
def edited(built, tmp_path_factory):
    """A function that changes a copy, or files of it by a comment; returns what DVC would run."""
    project = pipeline.copy(built, tmp_path_factory.mktemp("edited") / "project")

    def edit(*patterns, change=lambda project: None):
        files = [file for pattern in patterns for file in project.folder.glob(pattern)]
        assert len(files) >= len(patterns)
        before = {file: file.read_text() for file in [*files, project.path("params.yaml")]}
        for file in files:
            file.write_text(before[file] + COMMENTS[file.suffix])
        change(project)
        would = project.run("dvc", "repro", "--dry")
        for file, text in before.items():
            file.write_text(text)
        return sorted(re.findall(r"^Running stage '(\w+)':$", would, re.MULTILINE))

    return edit


@pytest.mark.parametrize(
    ("files", "stages"),
    [
        (["digits/models/hidden.py"], ["train_hidden"]),
        (["digits/models/basic.py"], ["train_basic"]),
        (["digits/inference/network.py"], TESTS),
        (["digits/training/train.py", "digits/params/train.py"], TRAININGS),
        (["digits/figures/*.py"], ["evaluate"]),
        (["digits/page/*.py", "digits/page/assets/*.*"], ["report"]),
        (["digits/evaluation/scoring.py"], ["evaluate", "report"]),
        (["digits/figures/palette.py"], ["evaluate", "report"]),
        (["digits/datasets/sources.py", "digits/params/fetch.py"], ["fetch"]),
        (["digits/files/tables.py"], [*TRAININGS, *TESTS]),
        (["stages/preprocess.py"], ["preprocess"]),
        (SILENT, []),
        (["digits/cli/*.py", "digits/__main__.py"], []),
        (["digits/pictures/*.py", "digits/datasets/catalogue.py"], ["fetch", "report"]),
        (["digits/evaluation/comparison.py", "digits/evaluation/gate.py"], []),
    ],
)
def test_an_edited_module_makes_its_stages_stale_and_no_other(edited, files, stages):
    assert edited(*files) == sorted(stages)


@pytest.mark.slow
def test_a_stage_whose_bytes_stay_has_nothing_run_after_it(project):
    before = project.hashes()
    project.append("digits/models/hidden.py", "# a comment\n")
    assert project.repro() == ["train_hidden"]
    assert project.hashes() == before
    project.edit("digits/models/hidden.py", 'activation="relu"', 'activation="tanh"')
    assert sorted(project.repro()) == sorted(["train_hidden", *TESTS])
    changed = {path for path, digest in project.hashes().items() if digest != before[path]}
    assert "models/hidden.keras" in changed
    assert not any("basic" in path for path in changed)
    assert project.repro() == []


@pytest.mark.parametrize(
    ("name", "value", "stages"),
    [
        ("train_hidden.units", 20, ["train_hidden", "report"]),
        ("train.seed", 2, [*TRAININGS, "report"]),
        ("train.epochs", 2, ["train_basic", "train_hidden", "report"]),
        ("preprocess.limit", 50, ["preprocess", "report"]),
        ("robustness.rotation", [10], ["robustness", "report"]),
        ("models", ["hidden"], TESTS),
    ],
)
def test_a_parameter_makes_stale_what_reads_it(edited, name, value, stages):
    assert edited(change=lambda project: project.set(name, value)) == sorted(stages)


@pytest.mark.slow
def test_a_parameter_runs_what_reads_it_and_taken_back_runs_nothing(project):
    before, committed = project.hashes(), project.path("params.yaml").read_text()
    project.set("preprocess.limit", 50)
    project.set("preprocess.validation", 20)
    assert sorted(project.repro()) == sorted(["preprocess", *TRAININGS, *TESTS])
    assert project.repro() == []
    for model in project.read("params.yaml")["models"]:
        header, row, *_ = project.path(f"metrics/history/{model}.csv").read_text().splitlines()
        assert header == "epoch,loss,accuracy,val_loss,val_accuracy"
        assert row.startswith("1,")
    assert "held-out images" in project.path("report/index.html").read_text()
    project.path("params.yaml").write_text(committed + "# a comment\n")
    assert "> python" not in project.run("dvc", "repro")
    assert project.hashes() == before


def test_a_deleted_output_is_restored_not_computed(project):
    before = project.path("models/hidden.keras").read_bytes()
    project.path("models/hidden.keras").unlink()
    output = project.run("dvc", "repro")
    assert "is cached - skipping run, checking out outputs" in output
    assert "> python" not in output
    assert project.path("models/hidden.keras").read_bytes() == before


@pytest.mark.slow
def test_branches_keep_their_results_and_metrics_diff_works_in_a_plain_clone(project, tmp_path):
    models = [path for path in project.hashes() if path.startswith("models/")]
    found = {}
    for branch in ("main", "small"):
        if branch != "main":
            project.run("git", "switch", "--quiet", "--create", branch)
            for name, value in {"seed": 1, "epochs": 1}.items():
                project.set(f"train.{name}", value)
            project.set("train_hidden.units", 3)
            project.repro()
            project.commit()
        found[branch] = [project.path(model).read_bytes() for model in models]
    assert all(one != other for one, other in zip(*found.values(), strict=True))
    for branch, contents in found.items():
        project.run("git", "switch", "--quiet", branch)
        project.run("dvc", "checkout")
        assert [project.path(model).read_bytes() for model in models] == contents
        assert project.repro() == []
    clone = pipeline.Project(tmp_path / "clone")
    project.run("git", "clone", "--quiet", "--branch", "small", ".", str(clone.folder))
    clone.run("git", "branch", "--quiet", "main", "origin/main")
    assert not clone.path("models/hidden.keras").exists()
    rows = clone.run("dvc", "metrics", "diff", "main", "--md").splitlines()
    row = next(line for line in rows if "hidden.accuracy" in line)
    old, new, change = (float(cell) for cell in row.split("|")[3:6])
    assert (old, change) == (1.0, pytest.approx(new - old, abs=1e-5))
    assert new < old
    assert "train.epochs" in clone.run("dvc", "params", "diff", "main", "--md")


@pytest.mark.slow
def test_a_second_clone_elsewhere_builds_the_same_bytes(project, tmp_path):
    clone = pipeline.Project(tmp_path / "another folder")
    project.run("git", "clone", "--quiet", ".", str(clone.folder))
    output = clone.run("dvc", "repro", "--force")
    assert output.count("> python -m stages.") == len(pipeline.STAGES)
    assert clone.run("git", "status", "--porcelain") == ""
    assert clone.hashes() == project.hashes()


def test_a_bad_parameter_ends_in_one_message_and_touches_nothing(project):
    before = {path: path.stat().st_mtime_ns for path in project.folder.glob("m*/**/*")}
    project.set("train.momentum", 0.9)
    output = project.run("python", "-m", "stages.train_basic", code=1)
    assert output.startswith("error: params.yaml cannot be used:\n  train.momentum: unknown key")
    assert "Traceback" not in output
    assert {path: path.stat().st_mtime_ns for path in project.folder.glob("m*/**/*")} == before
    checked = project.run("python", "-m", "digits", "validate", "parameters", code=1)
    assert "train.momentum: unknown key" in checked


def test_the_summary_shows_every_model_and_picture(project):
    models = project.read("params.yaml")["models"]
    output = project.run("python", "-m", "digits", "summary")
    lines = [line for line in output.splitlines() if line]
    assert lines[0].split() == ["model", "training", "accuracy", "test", "accuracy", "errors"]
    assert [line.split()[0] for line in lines[1 : len(models) + 1]] == models
    compared = re.findall(r"^(\w+) against (\w+): ", output, re.MULTILINE)
    assert compared == [(model, models[0]) for model in models[1:]]
    (named,) = re.findall(r"^pictures: (.*)", output, re.MULTILINE)
    assert {project.path(name) for name in named.split()} == set(
        project.folder.glob("metrics/**/*.png")
    )
    assert lines[-1].startswith("page: report/index.html;")
    assert project.path("report/index.html").read_text().startswith("<!doctype html>")
    shutil.rmtree(project.path("metrics"))
    assert "cannot be read" in project.run("python", "-m", "digits", "summary", code=1)


@pytest.mark.fault("field: expected faults, in true words")
@pytest.mark.parametrize("fault", ["raise DigitsError('x')", "1 / 0"])
def test_a_stage_that_fails_says_how_the_committed_metrics_come_back(project, fault):
    start = "def main() -> None:\n"
    raised = f"    from digits.errors import DigitsError\n    {fault}\n"
    project.edit("stages/explore.py", start, start + raised)
    said = project.run("dvc", "repro", "explore", code=255)
    assert "metrics/dataset.json" in project.run("git", "status", "--porcelain")
    project.run(*re.search("`(git restore .+?)`", said)[1].split())
    assert project.run("git", "status", "--porcelain") == " M stages/explore.py\n"
