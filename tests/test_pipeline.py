"""Which stages run after which change: real DVC in a copy of this repository, on small data."""

import shutil

import pytest

from tests import pipeline

ALL = list(pipeline.STAGES)
TESTS = ["evaluate", "robustness", "report"]
AFTER_PREPROCESS = ["preprocess", "train_basic", "train_hidden", *TESTS]


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("README.md", "# ", "# Other ", []),
        ("params.yaml", "units: 100", "units: 20", ["train_hidden", *TESTS]),
        ("params.yaml", "epochs: 5", "epochs: 2", ["train_basic", "train_hidden", *TESTS]),
        ("params.yaml", "train:", "train: # a comment\n ", []),
        ("params.yaml", "limit: null", "limit: 50", AFTER_PREPROCESS),
        ("stages/explore.py", '"""', '"""Also: ', ["explore"]),
        ("digits/figures/__init__.py", '"""', '"""Also: ', ["explore", "evaluate", "robustness"]),
        ("digits/scoring.py", '"""', '"""Also: ', ["evaluate", "report"]),
        ("params.yaml", "rotation: [5, 10,", "rotation: [10,", ["robustness", "report"]),
        ("digits/training.py", '"""', '"""Also: ', ["train_basic", "train_hidden"]),
        ("digits/params/train_hidden.py", '"""', '"""Also: ', ["train_hidden", "report"]),
        ("digits/params/fetch.py", '"""', '"""Also: ', ["fetch"]),
        ("digits/page/page.css", "/*", "/* ", ["report"]),
        ("stages/evaluate.py", "def main", "# a comment\ndef main", ["evaluate"]),
    ],
)
def test_only_stale_stages_run(project, file, old, new, stages):
    before = project.hashes()
    project.edit(file, old, new)
    assert project.repro() == stages
    if file.endswith(".py"):
        assert project.hashes() == before
    assert project.repro() == []
    if file == "params.yaml":
        project.edit(file, new, old)
        assert "> python" not in project.run("dvc", "repro")
        assert project.hashes() == before


def test_another_seed_changes_both_models(project):
    before = project.hashes()
    project.edit("params.yaml", "train:            # both models\n  seed: 0", "train:\n  seed: 1")
    assert project.repro() == ["train_basic", "train_hidden", *TESTS]
    for model in ("models/basic.keras", "models/hidden.keras"):
        assert project.hashes()[model] != before[model]


def test_validation_shows_in_the_history_and_in_the_curves(project):
    before = project.hashes()["metrics/learning_curves.png"]
    project.edit("params.yaml", "validation: 0", "validation: 20")
    project.edit("params.yaml", "epochs: 5", "epochs: 1")
    project.repro()
    header, row = project.path("metrics/history_basic.csv").read_text().splitlines()
    assert header == "epoch,loss,accuracy,val_loss,val_accuracy"
    assert row.startswith("1,")
    assert project.hashes()["metrics/learning_curves.png"] != before


def test_a_deleted_output_is_restored_not_computed(project):
    before = project.path("models/hidden.keras").read_bytes()
    project.path("models/hidden.keras").unlink()
    output = project.run("dvc", "repro")
    assert "is cached - skipping run, checking out outputs" in output
    assert "> python" not in output
    assert project.path("models/hidden.keras").read_bytes() == before


def test_branches_keep_their_results(project):
    main = project.path("models/hidden.keras").read_bytes()
    project.run("git", "switch", "--quiet", "--create", "small")
    project.edit("params.yaml", "units: 100", "units: 3")
    assert project.repro() == ["train_hidden", *TESTS]
    project.commit()
    small = project.path("models/hidden.keras").read_bytes()
    for branch, model in (("main", main), ("small", small)):
        project.run("git", "switch", "--quiet", branch)
        project.run("dvc", "checkout")
        assert project.path("models/hidden.keras").read_bytes() == model
        assert project.repro() == []


def test_metrics_diff_works_in_a_plain_clone_without_data(project, tmp_path):
    project.run("git", "switch", "--quiet", "--create", "short")
    project.edit("params.yaml", "epochs: 5", "epochs: 1")
    project.edit("params.yaml", "units: 100", "units: 3")
    project.repro()
    project.commit()
    clone = pipeline.Project(tmp_path / "clone")
    project.run("git", "clone", "--quiet", "--branch", "short", ".", str(clone.folder))
    clone.run("git", "branch", "--quiet", "main", "origin/main")
    assert not clone.path("models/hidden.keras").exists()
    rows = clone.run("dvc", "metrics", "diff", "main", "--md").splitlines()
    row = next(line for line in rows if "hidden.accuracy" in line)
    old, new, change = (float(cell) for cell in row.split("|")[3:6])
    assert (old, change) == (1.0, pytest.approx(new - old, abs=1e-5))
    assert new < old
    assert "train.epochs" in clone.run("dvc", "params", "diff", "main", "--md")


def test_a_second_clone_elsewhere_builds_the_same_bytes(project, tmp_path):
    clone = pipeline.Project(tmp_path / "another folder")
    project.run("git", "clone", "--quiet", ".", str(clone.folder))
    output = clone.run("dvc", "repro", "--force")
    assert output.count("> python -m stages.") == len(ALL)
    assert clone.run("git", "status", "--porcelain") == ""
    assert clone.hashes() == project.hashes()


def test_a_bad_parameter_ends_in_one_message_and_touches_nothing(project):
    before = {path: path.stat().st_mtime_ns for path in project.folder.glob("m*/*")}
    project.edit("params.yaml", "epochs: 5", "epochs: 5\n  momentum: 0.9")
    output = project.run("python", "-m", "stages.train_basic", code=1)
    assert output.startswith("error: params.yaml cannot be used:\n  train.momentum: unknown key")
    assert "Traceback" not in output
    assert {path: path.stat().st_mtime_ns for path in project.folder.glob("m*/*")} == before
    checked = project.run("python", "-m", "digits", "check", code=1)
    assert checked == output


def test_the_summary_shows_both_models(project):
    lines = project.run("python", "-m", "digits", "summary").splitlines()
    assert lines[1].split() == ["model", "training", "accuracy", "test", "accuracy", "errors"]
    assert lines[2].split()[::3] == ["basic", "0"]
    assert lines[3].split()[0] == "hidden"
    assert lines[5].startswith("hidden against basic: ")
    assert lines[6].startswith("on spoiled digits, on average: basic ")
    names = lines[-2].removeprefix("pictures: metrics/{").removesuffix("}.png").split(",")
    named = {path for name in names for path in project.folder.glob(f"metrics/{name}.png")}
    assert named == set(project.folder.glob("metrics/*.png"))
    assert lines[-1].split()[:2] == ["page:", "report/index.html;"]
    assert project.path("report/index.html").read_text().startswith("<!doctype html>")
    shutil.rmtree(project.path("metrics"))
    assert "cannot be read" in project.run("python", "-m", "digits", "summary", code=1)
