"""A comparison as it is shown, letter by letter."""

import pytest

from digits.comparing import Accuracy, Comparison
from digits.verdicts import Report, as_json, as_markdown, as_text, sentence

REPORT = Report(
    old="main",
    new="workspace",
    old_commit="0123456789abcdef",
    new_commit=None,
    models=[
        Comparison("basic", Accuracy(9_261, 10_000), Accuracy(9_141, 10_000), 92, 212),
        Comparison("hidden", Accuracy(480, 500), Accuracy(9_768, 10_000)),
    ],
    parameters={"train.epochs": (5, 1), "robustness.blur": (None, [0.5, 1])},
    notes=["hidden: the test digits are not the same"],
)

TEXT = """\
old: main (0123456)
new: workspace

                    basic                    hidden
old accuracy        92.61% (92.08 to 93.11)  96.00% (93.90 to 97.40)
new accuracy        91.41% (90.84 to 91.94)  97.68% (97.37 to 97.96)
test digits         10,000                   500, 10,000
difference, points  -1.20 (-1.54 to -0.86)   +1.68 (+0.25 to +3.80)
fixed               92                       unknown
broke               212                      unknown
p                   4.7e-12                  0.024
verdict             worse                    better

parameter        old  new
train.epochs     5    1
robustness.blur  -    [0.5, 1]

basic: worse, -1.20 points (95%: -1.54 to -0.86); McNemar's exact test, p = 4.7e-12
hidden: better, +1.68 points (95%: +0.25 to +3.80); Fisher's exact test, p = 0.024
note: hidden: the test digits are not the same"""


def test_as_text():
    assert as_text(REPORT) == TEXT


def test_as_markdown():
    lines = as_markdown(REPORT).splitlines()
    assert lines[0] == "### basic worse, hidden better"
    assert lines[2] == "New: `workspace`, against old: `main (0123456)`"
    head, rule, basic, hidden = lines[4:8]
    assert head.split(" | ")[-3:] == ["broke", "p", "verdict |"]
    assert rule == "|---" * 9 + "|"
    assert basic.startswith(
        "| `basic` | 92.61% (92.08 to 93.11) | 91.41% (90.84 to 91.94) | 10,000"
    )
    assert basic.endswith(" | 92 | 212 | 4.7e-12 | **worse** |")
    assert hidden.endswith(" | unknown | unknown | 0.024 | **better** |")
    assert "| `train.epochs` | `5` | `1` |" in lines
    assert lines[-1] == "> hidden: the test digits are not the same"
    tables = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in tables} == {10, 4}


def test_nothing_in_a_name_or_value_leaves_its_cell():
    odd = Report(
        old="a|b`c",
        new="n",
        old_commit=None,
        new_commit=None,
        models=REPORT.models,
        parameters={"fetch.source": ("x | y\n# z", "`<b>`")},
        notes=["two\nlines"],
    )
    lines = as_markdown(odd).splitlines()
    assert r"New: `n`, against old: `a\|b'c`" in lines
    assert r"| `fetch.source` | `x \| y?# z` | `'<b>'` |" in lines
    assert "> two?lines" in lines


def test_as_json():
    shown = as_json(REPORT)
    assert list(shown) == ["old", "new", "models", "params", "notes"]
    assert shown["old"] == {"revision": "main", "commit": "0123456789abcdef"}
    assert shown["new"] == {"revision": "workspace", "commit": None}
    assert shown["models"]["basic"] == {
        "verdict": "worse",
        "old": {
            "accuracy": 0.9261,
            "accuracy_low": 0.920807,
            "accuracy_high": 0.931065,
            "right": 9261,
            "examples": 10_000,
        },
        "new": {
            "accuracy": 0.9141,
            "accuracy_low": 0.908448,
            "accuracy_high": 0.919434,
            "right": 9141,
            "examples": 10_000,
        },
        "difference": -0.012,
        "difference_low": pytest.approx(-0.015416, abs=2e-6),
        "difference_high": pytest.approx(-0.008579, abs=2e-6),
        "fixed": 92,
        "broke": 212,
        "test": "McNemar's exact test",
        "p": 4.66e-12,
    }
    assert list(shown["models"]["hidden"]) == list(shown["models"]["basic"])
    assert shown["models"]["hidden"]["fixed"] is None
    assert shown["params"]["robustness.blur"] == {"old": None, "new": [0.5, 1]}
    assert shown["notes"] == REPORT.notes


def test_no_difference_has_no_sign():
    same = Comparison("basic", Accuracy(9, 10), Accuracy(9, 10), 0, 0)
    assert sentence(same).startswith("basic: within noise, 0.00 points (95%: -")


def test_the_same_parameters_are_said_to_be_the_same():
    same = Report("main", "new", None, None, REPORT.models, {}, [])
    assert "params.yaml: the same values" in as_text(same).splitlines()
    assert as_markdown(same).endswith("`params.yaml`: the same values.")
