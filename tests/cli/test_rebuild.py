"""`digits rebuild`: all is well only if it is, whatever git is set to."""

import json
import platform
import re

import pytest

from digits.cli.rebuild import TOLERANCE, differences, no_promise
from tests import pipeline

SAME = "\nrebuild: the rebuild gave the committed bytes\n"


@pytest.mark.parametrize("place", ["small", "inner"])
def test_the_same_bytes_whatever_else_lies_beside(request, place):
    """At the top of a repository or not; with files that are not committed, and without outputs."""
    project = request.getfixturevalue(place)
    project.path("metrics/notes.txt").write_text("mine")
    project.path("models/one.keras").unlink()
    assert project.digits("rebuild").endswith(SAME)
    assert project.path("models/one.keras").exists()
    assert project.run("git", "status", "--porcelain").endswith("metrics/notes.txt\n")


@pytest.mark.parametrize(
    "source", ["../up/pictures", pytest.param("pictures", marks=pytest.mark.slow)]
)
def test_data_that_are_not_committed(small, source):
    """With a relative path; and some that DVC tracks, which it says."""
    small.path(source).parent.mkdir(exist_ok=True)
    small.path(source).write_text("mine")
    small.path("more").write_text("data")
    small.append("params.yaml", f"fetch:\n  source: {source}\n")
    small.edit("dvc.yaml", "mkdir -p models", f"cat more {source} && mkdir -p models")
    small.edit("dvc.yaml", "deps: [code", "deps: [more, code")
    small.path(".git/info/exclude").write_text("pictures\n")
    small.run("dvc", "add", "--quiet", "more")
    small.run("dvc", "repro", "--quiet")
    small.commit(lock=False)
    assert small.digits("rebuild").endswith(
        f"{SAME.strip()}; more.dvc is data that no stage makes\n"
    )


def test_what_is_not_committed_is_named_first(small):
    small.path("metrics/evaluation/one.json").write_text("{}")
    output = small.digits("rebuild", code=1)
    assert output.startswith("error: not as in the last commit: metrics/evaluation/one.json; ")
    small.run("git", "add", "--all")
    assert small.digits("rebuild", code=1) == output
    small.run("git", "rm", "--quiet", "--cached", "dvc.lock")
    small.run("git", "commit", "--quiet", "--message", "without")
    assert "dvc.lock is not committed: " in small.digits("rebuild", code=1)


def test_a_stage_that_fails(small):
    small.edit("dvc.yaml", "cp -r made", "cp -r nowhere")
    small.commit()
    output = small.digits("rebuild", code=1)
    assert "`dvc repro --force --all-pipelines` ended with exit code " in output


def test_where_the_bytes_are_not_promised_metrics_may_differ_a_little(small):
    pins = small.path("requirements/runtime.txt")
    pins.write_text(re.sub("(?m)^numpy==[^ ]+", "numpy==1.0", pins.read_text()))
    for loss, code in ((0.51, 0), (0.54, 1)):
        small.path("made/evaluation/one.json").write_text(json.dumps({"loss": loss}))
        small.path("metrics/evaluation/one.json").write_text(json.dumps({"loss": 0.5}))
        small.commit()
        output = small.digits("rebuild", code=code)
        assert "the bytes differ, as they may where this is " in output
        assert "not numpy 1.0" in output
    assert "metrics/evaluation/one.json: loss: committed 0.5, rebuilt 0.54\n" in output


def test_where_the_bytes_are_not_promised(monkeypatch):
    monkeypatch.chdir(pipeline.ROOT)
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
        assert no_promise() == ""
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.99"))
    wanted = " AVX2, not Linux x86_64 with AVX2; glibc 2.99, not glibc 2.36 or glibc 2.41"
    assert wanted in no_promise()


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"accuracy": 0.9678, "loss": 0.1213}, {"accuracy": 0.9672, "loss": 0.1214}, []),
        ({"a": {"errors": 10}}, {"a": {"errors": 61}}, ["a.errors: committed 10, rebuilt 61"]),
        ({"b": 2}, {"c": 2}, ["b: committed 2, rebuilt None", "c: committed None, rebuilt 2"]),
    ],
)
def test_what_may_differ(old, new, found):
    assert differences(old, new, TOLERANCE) == found
    assert bool(differences(old, new, {})) == (old != new)
