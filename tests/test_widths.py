"""What is printed of the results fits in a terminal: DVC's tables, and ours."""

import pytest

from digits.__main__ import call


def width(text):
    return max(map(len, text.splitlines()))


def test_a_row_for_each_model_and_stage(built):
    """In 100 columns, the same metrics for all."""
    shown = built.run("dvc", "metrics", "show")
    assert width(shown) <= 100
    head, *rows = (line for line in shown.splitlines() if "answers.json" not in line)
    assert head.split() == ["Path", "accuracy", "calibration_error", "errors", "loss", "macro_f1"]
    assert len(rows) == 3 * len(built.read("params.yaml")["models"])


@pytest.mark.slow
def test_a_change_of_a_parameter(branched):
    diff = branched.run("dvc", "metrics", "diff", "main", "few")
    assert "metrics/evaluation/hidden.json" in diff
    assert width(diff) <= 100
    narrow = ("env", "COLUMNS=100", "dvc", "exp", "show", "--only-changed", "--no-pager")
    assert width(branched.run(*narrow, "--rev", "main", "--rev", "few")) <= 100


def test_our_own(built, monkeypatch, capsys):
    monkeypatch.chdir(built.folder)
    for command in (["summary"], ["compare", "HEAD"]):
        call(command)
        assert width(capsys.readouterr().out) <= 80
