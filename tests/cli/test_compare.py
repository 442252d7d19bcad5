"""`digits compare`: in clones that hold nothing but what git holds."""

import re

import pytest
from scipy.stats import binomtest

from tests.cli.conftest import Small, make


def clone(small, folder, *options):
    small.run("git", "clone", "--quiet", *options, str(folder))
    return Small(folder)


def test_two_revisions(small):
    small.branch()
    small.answer(one=31, two=40)
    small.edit("params.yaml", "seed: 0", "seed: 1\n  epochs: [1, 2]")
    small.commit()
    shown = small.compare("main", "branch")
    commits = small.run("git", "rev-parse", "main", "branch").split()
    assert shown["old"] == {"revision": "main", "commit": commits[0]}
    assert shown["new"] == {"revision": "branch", "commit": commits[1]}
    seeds, epochs = {"old": 0, "new": 1}, {"old": None, "new": [1, 2]}
    assert shown["params"] == {"train.seed": seeds, "train.epochs": epochs}
    assert shown["notes"] == []
    assert shown["models"]["one"]["verdict"] == "within noise"
    two = shown["models"]["two"]
    assert [two["old"]["right"], two["new"]["right"], two["new"]["examples"]] == [90, 60, 100]
    found = [two[key] for key in ("verdict", "difference", "fixed", "broke", "p")]
    assert found == ["worse", -0.3, 0, 30, pytest.approx(binomtest(0, 30).pvalue, rel=0.005)]
    assert two["old"]["accuracy_low"] == pytest.approx(0.825634, abs=2e-6)
    assert two["difference_high"] == pytest.approx(-0.201611, abs=2e-6)
    assert small.compare("branch", "main")["models"]["two"]["verdict"] == "better"


def test_as_text_and_as_markdown(small):
    small.branch()
    small.answer(two=40, three=5)
    small.path("params.yaml").write_text("models: [two, three]\ntrain:\n  seed: 'a | b <i> `c`'\n")
    small.commit()
    text = small.digits("compare", "main", "branch").splitlines()
    assert text[0] == "two worse, three new, one removed"
    assert text[2].startswith("Old: main (")
    assert [line.split() for line in text[5:8]] == [
        ["two", "90.00%", "60.00%", "-30.00", "(-38.66", "to", "-20.16)", "0", "30", "1.9e-09"],
        ["three", "-", "95.00%", "-", "-", "-", "-"],
        ["one", "70.00%", "-", "-", "-", "-", "-"],
    ]
    assert max(map(len, text)) <= 80
    assert ["train.seed", "0", "a", "|", "b", "<i>", "`c`"] in [line.split() for line in text]
    markdown = small.digits("compare", "main", "branch", "--md").splitlines()
    assert markdown[0] == "### two worse, three new, one removed"
    assert any("train.seed" in line and r" `` a \| b <i> `c` `` |" in line for line in markdown)
    tables = [line for line in markdown if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in tables} == {8, 4}
    small.digits("compare", "branch", "main", "--fail-if", "worse")  # new and removed are not worse
    failed = small.digits("compare", "main", "branch", "--fail-if", "worse", code=1).splitlines()
    assert failed == [*text, "error: significantly worse than main: two"]


@pytest.mark.parametrize("test_set", [{"labels": "bb"}, {"examples": 120}])
def test_another_test_set_gives_no_verdict(small, test_set):
    small.branch()
    small.answer(one=90, two=90, **test_set)
    small.commit()
    shown = small.compare("main", "branch")
    assert shown["notes"] == ["the test sets of main and branch differ: no verdict"]
    for model in shown["models"].values():
        assert (model["verdict"], model["fixed"], model["p"]) == (None, None, None)
        assert model["new"]["right"] < model["old"]["right"]
    assert small.digits("compare", "main").startswith("one no verdict, two no verdict\n")
    assert "one not compared (70.00% to " in small.digits("validate", "comparison")


def test_a_plain_clone_has_all_that_is_asked_also_of_another_default_branch(tmp_path):
    small = make(tmp_path / "small", branch="trunk")
    small.branch()
    small.answer(one=60, two=60)
    small.commit()
    want = small.compare("trunk", "branch")
    there = clone(small, tmp_path / "clone", ".")
    there.run("git", "remote", "set-head", "origin", "trunk")
    for arguments in (["trunk"], []):
        shown = there.compare(*arguments)
        assert (shown["models"], shown["params"]) == (want["models"], want["params"])
        assert shown["new"] == {"revision": "workspace", "commit": None}
        assert shown["notes"] == []  # nothing is stale
        assert shown["old"]["revision"] == "origin/trunk"


def test_a_workspace_whose_results_are_not_of_its_code(small):
    assert small.compare()["notes"] == []
    small.edit("params.yaml", "seed: 0", "seed: 1")
    (note,) = small.compare()["notes"]
    assert "of workspace do not belong to its code and parameters: train (params.yaml)" in note
    small.run("dvc", "freeze", "train")
    small.run("dvc", "repro", "--quiet")
    (note,) = small.compare()["notes"]
    assert "of workspace do not belong to its code and parameters: train (frozen: " in note
    small.branch()
    small.commit(lock=False)
    assert small.compare("main", "branch")["notes"] == [note.replace("workspace", "branch")]


def test_experiments_and_the_messages_of_commits(small):
    """As DVC and git name them; git's replacements of objects are seen by nobody else."""
    small.answer(one=60, two=10)
    small.commit("more errors")
    made = small.run("git", "rev-parse", "HEAD").strip()
    small.answer(one=20, two=10)
    small.commit("fewer errors")
    head = small.run("git", "rev-parse", "HEAD").strip()
    for start, name in ((made, "x"), (head, "x"), (made, "y")):
        small.run("git", "update-ref", f"refs/exps/{start[:2]}/{start[2:]}/{name}", start)
    blobs = [small.run("git", "rev-parse", f"{each}:metrics/answers.json") for each in (head, made)]
    small.run("git", "replace", *map(str.strip, blobs))
    for name, commit in {":/more": made, "HEAD^{/more}": made, "x": head, "y": made}.items():
        shown = small.compare(name)
        assert shown["old"] == {"revision": name, "commit": commit}
        assert shown["models"]["one"]["old"]["right"] == (80 if commit == head else 40)
    assert "did you mean 'y'?" in small.digits("compare", "yy", code=1)


def test_a_project_in_a_folder_of_its_repository_and_no_commit_at_all(inner, small):
    assert inner.compare("main", "HEAD")["notes"] == []
    small.run("git", "update-ref", "-d", "HEAD")
    assert "error: main is not a revision of this repo" in small.digits("compare", code=1)
    assert "commit" in small.digits("rebuild", code=1)


def test_a_revision_without_answers(small):
    small.branch("old")
    small.run("git", "rm", "--quiet", "metrics/answers.json")
    small.commit(lock=False)
    small.run("git", "switch", "--quiet", "main")
    said = small.digits("compare", "old", code=1)
    assert "has no metrics/answers.json: its results were not committed" in said
    small.edit("gate.yaml", "against: main", "against: old")
    found = small.digits("validate", "comparison")
    said = "ok      comparison  not compared: old has no metrics/answers.json"
    assert found.startswith(f"{said}; gate.yaml is weaker than")


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
    shallow = clone(small, tmp_path / "clone", *options)
    output = shallow.digits("compare", code=1)
    assert output.startswith("error: main is not in this clone, which is shallow: ")
    shallow.run("sh", "-c", output.split("`")[1])
    assert shallow.compare()["models"]["two"]["verdict"] == "worse"


def test_no_repository_no_git_no_trust(small, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with monkeypatch.context() as distrusted:
        distrusted.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        output = small.digits("compare", code=1)
    assert output.count("\n") == 1
    assert "git config --global --add safe.directory" in output
    small.path(".git").rename(tmp_path / "gone")
    for command in ("compare", "rebuild"):
        output = small.digits(command, code=1)
        assert output.startswith("error: git cannot be asked here: fatal: not a git repository")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "error: git cannot be run: No such file" in small.digits("compare", code=1)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "[" * 100_000, *(
        f'{{"labels_sha256": "a", "examples": {rest}}}'
        for rest in ("0", "1e999", '5, "one": 3', '5, "one": {"wrong": [5]}')
    )],
)  # fmt: skip
def test_answers_of_another_form(small, content):
    small.path("metrics/answers.json").write_text(content)
    output = small.digits("compare", code=1)
    assert "metrics/answers.json of workspace is not what stage evaluate writes" in output
    assert output.count("\n") == 1


def test_files_that_are_not_there_or_not_valid(small):
    small.path("params.yaml").write_text("train: [")
    small.commit(lock=False)
    for said in (
        small.digits("compare", code=1),
        small.digits("compare", "HEAD~1", "HEAD", code=1),
    ):
        assert re.match("error: in (main|HEAD): params.yaml is not valid YAML", said)
    small.path("metrics/answers.json").unlink()
    output = small.digits("compare", code=1)
    assert output.startswith("error: metrics/answers.json cannot be read. ")
