"""`digits compare`: in clones that hold nothing but what git holds."""

import json

import pytest
from scipy.stats import binomtest

from tests import pipeline
from tests.cli.conftest import Small, make


def test_two_revisions(small):
    small.branch()
    small.answer(one=31, two=40)
    small.path("params.yaml").write_text(
        "models: [one, two]\ntrain:\n  seed: 1\n  epochs: [1, 2]\n"
    )
    small.commit()
    shown = small.compare("main", "branch")
    assert list(shown) == ["old", "new", "models", "params", "notes"]
    assert [shown[side]["revision"] for side in ("old", "new")] == ["main", "branch"]
    assert shown["new"]["commit"] == small.run("git", "rev-parse", "branch").strip()
    assert shown["params"] == {
        "train.seed": {"old": 0, "new": 1},
        "train.epochs": {"old": None, "new": [1, 2]},
    }
    assert shown["notes"] == []
    assert shown["models"]["one"]["verdict"] == "within noise"
    two = shown["models"]["two"]
    assert two == {
        "verdict": "worse",
        "old": {
            "accuracy": 0.9,
            "accuracy_low": pytest.approx(0.825634, abs=2e-6),
            "accuracy_high": pytest.approx(0.944771, abs=2e-6),
            "right": 90,
            "examples": 100,
        },
        "new": {**two["new"], "accuracy": 0.6, "right": 60},
        "difference": -0.3,
        "difference_low": pytest.approx(-0.386624, abs=2e-6),
        "difference_high": pytest.approx(-0.201611, abs=2e-6),
        "fixed": 0,
        "broke": 30,
        "p": pytest.approx(binomtest(0, 30).pvalue, rel=0.005),
    }
    assert small.compare("branch", "main")["models"]["two"]["verdict"] == "better"


def test_as_text_and_as_markdown(small):
    small.branch()
    small.answer(two=40, three=5)
    small.path("params.yaml").write_text("models: [two, three]\ntrain:\n  seed: 'a | b <i> `c`'\n")
    small.commit()
    text = small.digits("compare", "main", "branch").splitlines()
    commits = [
        small.run("git", "rev-parse", "--short=7", name).strip() for name in ("main", "HEAD")
    ]
    assert text[0] == "two worse, three new, one removed"
    assert text[2] == f"Old: main ({commits[0]}). New: branch ({commits[1]})."
    assert [line.split() for line in text[5:8]] == [
        ["two", "90.00%", "60.00%", "-30.00", "(-38.66", "to", "-20.16)", "0", "30", "1.9e-09",
         "worse"],
        ["three", "-", "95.00%", "-", "-", "-", "-", "new"],
        ["one", "70.00%", "-", "-", "-", "-", "-", "removed"],
    ]  # fmt: skip
    assert max(map(len, text[4:8])) <= 90
    assert ["train.seed", "0", "a", "|", "b", "<i>", "`c`"] in [line.split() for line in text]
    markdown = small.digits("compare", "main", "branch", "--md").splitlines()
    assert markdown[0] == "### two worse, three new, one removed"
    assert any("train.seed" in line and r"| a \| b \<i> \`c\` |" in line for line in markdown)
    tables = [line for line in markdown if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in tables} == {9, 4}
    assert small.digits("compare", "--md", "--json", code=2)  # one of them


@pytest.mark.fault("field: expected faults, in true words")
def test_a_model_of_one_revision_alone_fails_nothing(small):
    small.branch()
    small.answer(three=99, two=10)
    small.commit()
    for order, verdicts in (
        (["main", "branch"], {"three": "new", "two": "within noise", "one": "removed"}),
        (["branch", "main"], {"one": "new", "two": "within noise", "three": "removed"}),
    ):
        shown = small.compare(*order, "--fail-if", "worse")
        assert {name: model["verdict"] for name, model in shown["models"].items()} == verdicts
        assert list(shown["models"]) == list(verdicts)
        for side, verdict in (("old", "new"), ("new", "removed")):
            (model,) = [each for each in shown["models"].values() if each["verdict"] == verdict]
            assert {key for key, value in model.items() if value is None} == {
                side, "difference", "difference_low", "difference_high", "fixed", "broke", "p",
            }  # fmt: skip


@pytest.mark.parametrize("test_set", [{"labels": "bb"}, {"examples": 120}])
def test_another_test_set_gives_no_verdict(small, test_set):
    small.branch()
    small.answer(one=90, two=90, **test_set)
    small.commit()
    shown = small.compare("main", "branch", "--fail-if", "worse")
    assert shown["notes"] == ["the test set of branch is another one than that of main: no verdict"]
    for model in shown["models"].values():
        assert (model["verdict"], model["fixed"], model["p"]) == (None, None, None)
        assert model["new"]["right"] < model["old"]["right"]
    for form in ("--json", "--md"):
        assert "another one" in small.digits("compare", "main", form)
    assert small.digits("compare", "main").startswith("one no verdict, two no verdict\n")
    said = small.digits("validate", "comparison")
    assert "one not compared (70.00% to " in said
    assert "the test set of workspace is another one" in said


def test_worse_can_fail_a_build(small):
    small.branch()
    small.answer(one=60, two=60)
    small.commit()
    output = small.digits("compare", "main", "branch", "--fail-if", "worse", code=1)
    assert output == small.digits("compare", "main", "branch") + (
        "error: significantly worse than main: one, two\n"
    )
    small.digits("compare", "branch", "main", "--fail-if", "worse")


@pytest.mark.fault("field: what git is asked")
def test_a_plain_clone_has_all_that_is_asked(small, tmp_path):
    small.branch()
    small.answer(one=60, two=60)
    small.commit()
    want = small.compare("main", "branch")
    small.run("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Small(tmp_path / "clone")
    assert not clone.path(".dvc/cache").exists()
    shown = clone.compare("main", "branch")
    assert (shown["models"], shown["params"]) == (want["models"], want["params"])
    assert shown["notes"] == ["there is no main here: origin/main was taken"]
    workspace = clone.compare()
    assert workspace["models"] == want["models"]
    assert workspace["new"] == {"revision": "workspace", "commit": None}
    assert workspace["notes"] == shown["notes"]  # what is missing is not stale


def test_a_workspace_whose_results_are_not_of_its_code(small):
    assert small.compare()["notes"] == []
    small.edit("params.yaml", "seed: 0", "seed: 1")
    shown = small.compare()
    assert shown["notes"] == [
        "the workspace's results are not of its code and parameters (evaluate to be run): "
        "`dvc repro`, then compare again"
    ]
    assert shown["params"] == {"train.seed": {"old": 0, "new": 1}}


@pytest.mark.fault("field: what git is asked")
def test_a_project_in_a_folder_of_its_repository(inner):
    assert {model["verdict"] for model in inner.compare()["models"].values()} == {"within noise"}
    assert inner.compare("main", "HEAD")["notes"] == ["main and HEAD are the same commit"]


@pytest.mark.fault("field: what git is asked", tried=3)
def test_a_submodule_a_detached_head_and_no_commit_at_all(small, tmp_path):
    other = pipeline.Project(tmp_path / "other")
    other.folder.mkdir()
    other.run("git", "init", "--quiet", "--initial-branch=main")
    local = ("-c", "protocol.file.allow=always")
    other.run("git", *local, "submodule", "--quiet", "add", str(small.folder), "sub")
    submodule = Small(other.path("sub"))
    submodule.answer(one=31, two=10)
    submodule.run("git", "checkout", "--quiet", "--detach")
    submodule.commit()
    assert submodule.compare("main", "HEAD")["models"]["one"]["broke"] == 1
    small.run("git", "update-ref", "-d", "HEAD")
    assert "error: main is not a revision of this repo" in small.digits("compare", code=1)
    assert "commit" in small.digits("rebuild", code=1)


def test_a_revision_from_before_the_answers_were_kept(small):
    small.branch("old")
    small.run("git", "rm", "--quiet", "metrics/answers.json")
    small.commit()
    commit = small.run("git", "rev-parse", "--short=7", "HEAD").strip()
    small.run("git", "switch", "--quiet", "main")
    said = (
        f"old (commit {commit}) has no metrics/answers.json: its results are older than this "
        "form, or were not committed, so there is nothing to compare with"
    )
    assert small.digits("compare", "old", code=1) == f"error: {said}\n"
    small.edit("gate.yaml", "against: main", "against: old")
    assert small.digits("validate", "comparison").split(maxsplit=2) == [
        "ok", "comparison", f"{said}\n",
    ]  # fmt: skip


@pytest.mark.parametrize("default", ["master", "trunk"])
@pytest.mark.fault("field: what git is asked")
def test_another_default_branch(tmp_path, default):
    small = make(tmp_path / "small", branch=default)
    small.run("git", "config", "init.defaultBranch", default)
    shown = small.compare()
    assert shown["old"]["revision"] == default
    assert shown["notes"] == [f"there is no main here: {default} was taken"]
    small.branch()
    small.run("git", "clone", "--quiet", "--branch", "branch", ".", str(tmp_path / "clone"))
    clone = Small(tmp_path / "clone")
    clone.run("git", "remote", "set-head", "origin", default)
    assert clone.compare()["old"]["revision"] == f"origin/{default}"
    output = clone.digits("compare", "trunc", code=1)
    assert output.startswith("error: trunc is not a revision of this repository; there are: branch")


@pytest.mark.fault("field: what git is asked")
def test_unknown_revisions_and_shallow_clones(small, tmp_path):
    small.branch("short")
    for arguments in (["shrt"], ["main", "shrt"]):
        assert small.digits("compare", *arguments, code=1) == (
            "error: shrt is not a revision of this repository; did you mean 'short'?\n"
        )
    assert "there are: main, short\n" in small.digits("compare", "", code=1)
    small.answer(one=60, two=60)
    small.commit()
    small.run("git", "switch", "--quiet", "main")
    options = ("--depth=1", "--branch=short", small.folder.as_uri())
    small.run("git", "clone", "--quiet", *options, str(tmp_path / "clone"))
    shallow = Small(tmp_path / "clone")
    output = shallow.digits("compare", code=1)
    assert output.startswith("error: main is not in this clone, which is shallow: ")
    shallow.run("sh", "-c", output.split("`")[1])
    assert shallow.compare()["models"]["two"]["verdict"] == "worse"


@pytest.mark.fault("field: what git is asked")
def test_no_repository_no_git_no_trust(small, tmp_path, monkeypatch):
    monkeypatch.setitem(pipeline.ENVIRONMENT, "GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setitem(pipeline.ENVIRONMENT, "GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    output = small.digits("compare", code=1)
    assert output.count("\n") == 1
    assert f"git config --global --add safe.directory {small.folder}" in output
    monkeypatch.delitem(pipeline.ENVIRONMENT, "GIT_TEST_ASSUME_DIFFERENT_OWNER")
    small.path(".git").rename(tmp_path / "gone")
    output = small.digits("compare", code=1)
    assert output.startswith("error: git cannot be asked here: fatal: not a git repository")
    assert "Run this in the project's folder" in output
    assert small.digits("compare", code=1, PATH=tmp_path) == (
        "error: git cannot be run: No such file or directory. Install it.\n"
    )
    checks = small.digits("validate", "--quick", code=1, PATH=tmp_path).splitlines()
    assert len([line for line in checks if line.startswith(("ok ", "FAILED ", "skipped "))]) == 5


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "3", "null", "{}", "[" * 100_000, '{"labels_sha256": "a", "examples": 0}',
        '{"labels_sha256": "a", "examples": 1e999}',
        '{"labels_sha256": "a", "examples": 5, "one": 3}',
        '{"labels_sha256": "a", "examples": 5, "one": {}}',
        '{"labels_sha256": "a", "examples": 5, "one": {"wrong": [5]}}',
        '{"labels_sha256": "a", "examples": 5, "one": {"wrong": [[]]}}',
    ],
)  # fmt: skip
def test_answers_of_another_form(small, content):
    small.path("metrics/answers.json").write_text(content)
    output = small.digits("compare", code=1)
    assert "metrics/answers.json of workspace is not what stage evaluate writes" in output
    assert output.count("\n") == 1


def test_files_that_are_not_there_or_not_valid(small):
    small.path("params.yaml").write_text("train: [")
    assert "error: in workspace: params.yaml is not valid YAML" in small.digits("compare", code=1)
    small.commit()
    assert small.digits("compare", "HEAD", "HEAD~1", code=1).startswith(
        "error: in HEAD: params.yaml is not valid YAML"
    )
    small.path("metrics/answers.json").unlink()
    output = small.digits("compare", code=1)
    assert output.startswith("error: metrics/answers.json cannot be read. ")
    assert json.loads(small.run("git", "show", "main:metrics/answers.json"))
