"""`digits compare` on real branches, in clones with and without what they need."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, fisher_exact

from tests import pipeline

MODELS = ("basic", "hidden")

pytestmark = pytest.mark.xdist_group("branches")  # which are made once, by one worker


def compare(folder, *arguments):
    """Exit code, what was printed, and the lines on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "digits", "compare", *arguments],
        cwd=folder,
        env=pipeline.ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


def report(folder, *arguments):
    """What is said, as JSON."""
    code, out, told = compare(folder, *arguments, "--json")
    assert (code, told) == (0, [])
    return json.loads(out)


def verdicts(shown):
    return {name: model["verdict"] for name, model in shown["models"].items()}


def clone(project, folder, *options):
    """A clone, which has neither the cache nor a remote with the predictions."""
    project.run("git", "clone", "--quiet", *options, project.folder.as_uri(), str(folder))
    return pipeline.Project(folder)


def right(project, branch, model):
    """Which test digits a branch's model gets right, by way of `dvc checkout`."""
    project.run("git", "switch", "--quiet", branch)
    project.run("dvc", "checkout", "--quiet", "--with-deps", "evaluate")
    table = pd.read_csv(project.path(f"metrics/predictions_{model}.csv"))
    return (table["actual"] == table["predicted"]).to_numpy()


def test_more_units_are_better(branches, branched):
    shown = report(branches.folder, "few", "main")
    assert verdicts(shown) == {"basic": "within noise", "hidden": "better"}
    assert shown["params"] == {"train_hidden.units": {"old": 4, "new": 100}}
    assert shown["notes"] == []
    assert [shown[side]["revision"] for side in ("old", "new")] == ["few", "main"]
    assert shown["new"]["commit"] == branches.run("git", "rev-parse", "main").strip()
    basic, hidden = (shown["models"][model] for model in MODELS)
    assert (basic["fixed"], basic["broke"], basic["p"]) == (0, 0, 1)
    old, new = (right(branched, branch, "hidden") for branch in ("few", "main"))
    fixed, broke = int((new & ~old).sum()), int((old & ~new).sum())
    assert (hidden["fixed"], hidden["broke"]) == (fixed, broke)
    assert (hidden["old"]["right"], hidden["new"]["right"]) == (old.sum(), new.sum())
    assert hidden["p"] == pytest.approx(binomtest(fixed, fixed + broke).pvalue, rel=0.005)
    assert 0 < hidden["difference_low"] < hidden["difference"] < hidden["difference_high"]


def test_one_epoch_is_worse_and_can_fail_a_build(branches):
    shown = report(branches.folder, "main", "short")
    assert verdicts(shown) == dict.fromkeys(MODELS, "worse")
    assert shown["params"] == {"train.epochs": {"old": 5, "new": 1}}
    assert all(shown["models"][model]["difference_high"] < 0 for model in MODELS)
    code, out, told = compare(branches.folder, "main", "short", "--fail-if", "worse")
    assert code == 1
    assert told == ["error: significantly worse than main: basic, hidden"]
    assert out == compare(branches.folder, "main", "short")[1]
    assert "hidden: worse, -" in out
    assert compare(branches.folder, "short", "main", "--fail-if", "worse")[0] == 0


def test_another_seed_is_within_noise(branches):
    shown = report(branches.folder, "main", "seeded", "--fail-if", "worse")
    assert verdicts(shown) == dict.fromkeys(MODELS, "within noise")
    assert shown["params"] == {"train.seed": {"old": 0, "new": 1}}
    assert sum(shown["models"][model]["fixed"] for model in MODELS) > 0
    for model in MODELS:
        assert shown["models"][model]["p"] >= 0.05


def test_the_workspace_is_what_is_compared_by_default(branched):
    same = report(branched.folder)
    assert (same["new"], same["params"]) == ({"revision": "workspace", "commit": None}, {})
    assert same["notes"] == []
    assert verdicts(same) == dict.fromkeys(MODELS, "within noise")
    want = report(branched.folder, "main", "short")

    branched.edit("params.yaml", "epochs: 5", "epochs: 1")
    stale = report(branched.folder)
    assert (stale["models"], stale["params"]) == (same["models"], want["params"])
    assert stale["notes"] == [
        "the workspace's results are not of its code and parameters (train_basic, train_hidden to "
        "be run): `dvc repro`, then compare again"
    ]
    branched.run("dvc", "repro", "--quiet", "evaluate")  # from the run cache
    assert report(branched.folder) == want | {"new": same["new"]}
    changed = ["dvc.lock", "params.yaml", *(f"metrics/{name}" for name in ("evaluation.json",))]
    status = branched.run("git", "status", "--porcelain")
    assert all(f" M {name}\n" in status for name in changed)
    assert "??" not in status


def test_results_of_another_branch_are_found_out(branched):
    branched.run("git", "switch", "--quiet", "short")  # and no `dvc checkout`
    shown = report(branched.folder, "few")
    for model, note in zip(MODELS, shown["notes"], strict=False):
        assert note == (
            f"{model}: metrics/predictions_{model}.csv and metrics/evaluation.json of workspace "
            "do not agree. Compared by the counts alone, which shows less"
        )
    assert shown["notes"][2].endswith("to be run): `dvc repro`, then compare again")
    branched.run("dvc", "checkout", "--quiet", "--with-deps", "evaluate")
    assert report(branched.folder, "few")["notes"] == []


def test_a_markdown_table_for_each_thing(branches):
    code, out, told = compare(branches.folder, "few", "main", "--md")
    assert (code, told) == (0, [])
    lines = out.splitlines()
    assert lines[0] == "### basic within noise, hidden better"
    assert sum(set(line) == {"|", "-"} for line in lines) == 2
    assert "| `train_hidden.units` | `4` | `100` |" in lines
    assert compare(branches.folder, "--md", "--json")[0] == 2  # one of them


def test_without_cache_and_remote_the_counts_are_compared(branches, tmp_path):
    bare = clone(branches, tmp_path / "clone")
    shown = report(bare.folder, "main", "short")
    missing = (
        "the predictions of main cannot be had from DVC's cache or a remote: they are not there"
    )
    assert shown["notes"] == [
        "there is no short here: origin/short was taken",
        *(
            f"{model}: {missing} (metrics/predictions_{model}.csv). "
            "Compared by the counts alone, which shows less"
            for model in MODELS
        ),
    ]
    paired = report(branches.folder, "main", "short")
    assert shown["params"] == paired["params"]
    for model in MODELS:
        counts, pair = shown["models"][model], paired["models"][model]
        assert (counts["old"], counts["new"]) == (pair["old"], pair["new"])
        assert (counts["fixed"], counts["broke"]) == (None, None)
        assert counts["test"] == "Fisher's exact test"
        table = [[n["right"], n["examples"] - n["right"]] for n in (counts["old"], counts["new"])]
        assert counts["p"] == pytest.approx(fisher_exact(table).pvalue, rel=0.005)
        assert counts["verdict"] == "worse"
    workspace = report(bare.folder)
    assert "cannot be had" in workspace["notes"][0]
    assert len(workspace["notes"]) == 2  # what is missing is not stale


def test_with_a_remote_the_predictions_are_fetched(branched, tmp_path):
    branched.run("dvc", "remote", "add", "--local", "--default", "shared", str(tmp_path / "shared"))
    branched.run("dvc", "push", "--quiet", "--all-branches", "evaluate")
    other = clone(branched, tmp_path / "clone")
    other.run("dvc", "remote", "add", "--local", "--default", "shared", str(tmp_path / "shared"))
    shown = report(other.folder, "main", "origin/short")
    want = report(branched.folder, "main", "short")
    assert (shown["models"], shown["notes"]) == (want["models"], [])
    shutil.rmtree(tmp_path / "shared")
    shutil.rmtree(other.path(".dvc/cache"), ignore_errors=True)
    again = report(other.folder, "main", "origin/short")
    assert again["models"]["hidden"]["test"] == "Fisher's exact test"


def test_other_test_digits_are_not_paired(branched):
    for part in ("images", "labels"):
        path = branched.path(f"data/processed/test_{part}.npy")
        digits = np.load(path)[:200]
        path.unlink()
        np.save(path, digits)
    branched.run("python", "-m", "stages.evaluate")
    shown = report(branched.folder)
    for model, note in zip(MODELS, shown["notes"], strict=False):
        assert note == (
            f"{model}: the test digits are not the same. "
            "Compared by the counts alone, which shows less"
        )
        assert shown["models"][model]["old"]["examples"] == 1000
        assert shown["models"][model]["new"]["examples"] == 200
        assert shown["models"][model]["fixed"] is None
    assert "(evaluate, preprocess to be run)" in shown["notes"][2]


def test_a_checkout_of_ci_has_only_the_branches_of_origin(branches, tmp_path):
    bare = clone(branches, tmp_path / "clone", "--branch", "short")
    bare.run("git", "checkout", "--quiet", "--detach")
    bare.run("git", "branch", "--quiet", "--delete", "--force", "short")
    shown = report(bare.folder)
    assert shown["old"]["revision"] == "origin/main"
    assert shown["notes"][0] == "there is no main here: origin/main was taken"
    assert verdicts(shown) == dict.fromkeys(MODELS, "worse")


def test_the_same_commit_twice(branches):
    shown = report(branches.folder, "main", "HEAD")
    assert shown["notes"] == ["main and HEAD are the same commit"]
    assert verdicts(shown) == dict.fromkeys(MODELS, "within noise")


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("shrt", "error: shrt is not a revision of this repository; did you mean 'short'?"),
        ("zzz", "error: zzz is not a revision of this repository; there are: few, main, seeded,"),
        ("", "error:  is not a revision of this repository; there are: "),
    ],
)
def test_an_unknown_revision(branches, revision, message):
    for arguments in ([revision], ["main", revision]):
        code, out, told = compare(branches.folder, *arguments)
        assert (code, out, len(told)) == (1, "", 1)
        assert told[0].startswith(message)


def test_a_shallow_clone(branches, tmp_path):
    shallow = clone(branches, tmp_path / "clone", "--depth", "1")
    code, out, told = compare(shallow.folder, "short")
    assert (code, out, len(told)) == (1, "", 1)
    assert told[0].startswith("error: short is not in this clone, which is shallow: ")
    get = told[0].split("`")[1]
    shallow.run("sh", "-c", get)
    assert verdicts(report(shallow.folder, "short"))["hidden"] == "better"


def test_no_repository_no_git_no_results(branched, tmp_path, monkeypatch):
    def fault(folder, *arguments):
        code, out, told = compare(folder, *arguments)
        assert (code, out, len(told)) == (1, "", 1)
        return told[0]

    outside = tmp_path / "outside"
    shutil.copytree(branched.folder, outside, ignore=shutil.ignore_patterns(".git", ".dvc"))
    monkeypatch.setitem(pipeline.ENVIRONMENT, "GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert fault(outside).startswith("error: git cannot look for main: fatal: not a git repository")
    with monkeypatch.context() as patch:
        patch.setitem(pipeline.ENVIRONMENT, "PATH", str(tmp_path))
        assert fault(branched.folder) == (
            "error: git cannot be run: No such file or directory. Install it."
        )
    tree = branched.run("git", "hash-object", "-t", "tree", "-w", "/dev/null").strip()
    empty = branched.run("git", "commit-tree", "-m", "empty", tree).strip()
    branched.run("git", "tag", "empty", empty)
    assert fault(branched.folder, "empty") == (
        f"error: empty (commit {empty[:7]}) has no metrics/evaluation.json: it is older than the "
        "pipeline, or its results were not committed. Compare with another revision."
    )
    branched.path("metrics/evaluation.json").write_text('{"basic": {"errors": -1}}')
    assert "are not what stage evaluate writes: ValueError: -1 errors" in fault(branched.folder)
    branched.path("metrics/evaluation.json").unlink()
    assert fault(branched.folder).startswith("error: metrics/evaluation.json cannot be read: ")
    branched.run("git", "checkout", "--quiet", "metrics")
    branched.path("params.yaml").write_text("train: [")
    code, _, told = compare(branched.folder)
    assert (code, told[0].split(":")[0]) == (1, "error")
    assert "Traceback" not in "\n".join(told)


def test_another_command_can_ask(branches):
    asked = branches.run(
        "python",
        "-c",
        "from commands.compare import compare; print([(m.model, m.verdict) for m in "
        "compare('main', 'short').models], compare('short').of('better'))",
    )
    assert asked == "[('basic', 'worse'), ('hidden', 'worse')] ['basic', 'hidden']\n"
