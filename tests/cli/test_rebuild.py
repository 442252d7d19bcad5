"""`digits rebuild`: all is well only if it is, whatever git is set to."""

import json
import platform
import re

import pytest

from digits.cli.rebuild import LIBRARIES, TOLERANCE, differences, no_promise, pinned
from digits.errors import ArtifactError
from tests import pipeline
from tests.cli.conftest import Small

SAME = "\nrebuild: the rebuild gave the committed bytes\n"


@pytest.fixture(params=["small", "inner"])
def recorded(request):
    """A project, at the top of its repository or not, with the versions that it is made for."""
    project = request.getfixturevalue(request.param)
    project.path("requirements").mkdir()
    pins = (pipeline.ROOT / "requirements/runtime.txt").read_text()
    project.path("requirements/runtime.txt").write_text(pins)
    project.commit("pins")
    return project


def test_the_same_bytes_whatever_else_lies_beside(recorded):
    recorded.path("metrics/notes.txt").write_text("mine")
    assert recorded.digits("rebuild").endswith(SAME)
    assert recorded.digits("rebuild", "evaluate").endswith(SAME)
    assert recorded.run("git", "status", "--porcelain").endswith("metrics/notes.txt\n")


@pytest.mark.parametrize("how", ["plain", "autostage", "assumed", "no diff"])
def test_another_output_is_told_whatever_git_shows(recorded, how):
    recorded.edit("dvc.yaml", "cp source.json model", "cp dvc.yaml model")
    recorded.commit()
    if how == "autostage":
        recorded.run("dvc", "config", "--local", "core.autostage", "true")
    elif how == "assumed":
        recorded.run("git", "update-index", "--assume-unchanged", "dvc.lock")
    elif how == "no diff":
        recorded.path(".git/info" if recorded.path(".git").exists() else "../.git/info").joinpath(
            "attributes"
        ).write_text("* -diff filter=none\n")
        recorded.run("git", "config", "diff.external", "true")
    output = recorded.digits("rebuild", code=1)
    assert "error: the rebuild differs from the committed results in dvc.lock, model; " in output
    if how == "autostage":
        assert recorded.run("git", "diff", "--name-only") == ""


def test_what_is_not_committed_is_named_first(recorded):
    recorded.path("metrics/evaluation/one.json").write_text("{}")
    output = recorded.digits("rebuild", code=1)
    assert output.startswith("error: not as in the last commit: metrics/evaluation/one.json; ")
    recorded.run("git", "add", "--all")
    assert recorded.digits("rebuild", code=1) == output
    recorded.run("git", "rm", "--quiet", "--cached", "dvc.lock")
    recorded.run("git", "commit", "--quiet", "--message", "without")
    assert "dvc.lock is not committed, or damaged" in recorded.digits("rebuild", code=1)


def test_a_stage_that_fails(small):
    small.edit("dvc.yaml", "cp source.json model", "cp nowhere.json model")
    small.commit()
    output = small.digits("rebuild", "evaluate", code=1)
    assert "`dvc repro --force --single-item evaluate` ended with exit code " in output


def test_where_the_bytes_are_not_promised_metrics_may_differ_a_little(recorded):
    pins = recorded.path("requirements/runtime.txt")
    pins.write_text(re.sub("(?m)^numpy==[^ ]+", "numpy==1.0", pins.read_text()))
    for loss, code in ((0.51, 0), (0.54, 1)):
        recorded.commit()
        recorded.edit("source.json", '"loss": 0.5', f'"loss": {loss}')
        output = recorded.digits("rebuild", code=code)
        assert "the bytes differ, as they may where this is " in output
        assert "not 1.0" in output
    assert "metrics/evaluation/one.json: loss: committed 0.51, rebuilt 0.541\n" in output


def test_where_the_bytes_are_not_promised(monkeypatch):
    monkeypatch.chdir(pipeline.ROOT)
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
        assert no_promise() == ""
        monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.99"))
        assert "the C library is glibc 2.99, not glibc 2.36 or glibc 2.41" in no_promise()
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "aarch64, not Linux x86_64" in no_promise()


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (  # seen on arm64: the hidden model after two epochs
            {"accuracy": 0.9678, "loss": 0.1213, "errors": 322},
            {"accuracy": 0.9672, "loss": 0.1214, "errors": 328},
            [],
        ),
        ({"a": {"errors": 10}}, {"a": {"errors": 60}}, []),
        ({"a": {"errors": 10}}, {"a": {"errors": 61}}, ["a.errors: committed 10, rebuilt 61"]),
        ({"shape": [1, 2]}, {"shape": [1, 3]}, ["shape: committed [1, 2], rebuilt [1, 3]"]),
        (
            {"a": 1, "b": 2},
            {"a": 1, "c": 2},
            ["b: committed 2, rebuilt None", "c: committed None, rebuilt 2"],
        ),
    ],
)
def test_what_may_differ(old, new, found):
    assert differences(old, new, TOLERANCE) == found
    assert bool(differences(old, new, {})) == (old != new)


@pytest.mark.slow
def test_the_stages_of_the_project(project):
    small = Small(project.folder)
    assert SAME in small.digits("rebuild", "evaluate")
    name = project.read("params.yaml")["models"][0]
    path = f"metrics/evaluation/{name}.json"
    project.path(path).write_text(json.dumps({**project.read(path), "loss": 9.0}))
    project.commit()
    assert f"committed results in {path}; " in small.digits("rebuild", "evaluate", code=1)


def test_the_pinned_versions_are_read_and_what_is_missing_is_named(tmp_path):
    assert set(pinned()) == set(LIBRARIES)
    pins = tmp_path / "runtime.txt"
    with pytest.raises(ArtifactError, match=r"runtime\.txt cannot be read"):
        pinned(pins)
    pins.write_text("tensorflow==2.21.0 \\\n    --hash=sha256:00\n")
    with pytest.raises(ArtifactError, match="expected a line keras==VERSION, got none"):
        pinned(pins)
