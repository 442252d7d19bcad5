"""`digits trial`: an experiment from elsewhere is here, once, and nothing else is left anywhere."""

import signal as signals
import subprocess
import sys
import time

import psutil
import pytest

from tests import pipeline
from tests.cli.conftest import Small
from tests.faults.ending import heed

DVC_YAML = "stages: {{evaluate: {{cmd: '{cmd}', params: [train], outs: [model]}}}}"
TRIAL = [sys.executable, "-m", "digits", "trial"]


def prepare(project, cmd="cp params.yaml model"):
    """Give a project this one's parameters, and a stage that takes no time."""
    project.path("params.yaml").write_bytes((pipeline.ROOT / "params.yaml").read_bytes())
    project.path("dvc.yaml").write_text(DVC_YAML.format(cmd=cmd))
    project.run("dvc", "repro", "--quiet")
    project.commit("a stage that takes no time", lock=False)
    return project


@pytest.fixture
def ready(small):
    return prepare(small)


@pytest.fixture
def trial(temporary, monkeypatch):
    """Run a trial in a project; assert that nothing but the experiment is left."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", "")  # a trial sets it

    def run(project, *arguments, code=0):
        before = project.run("git", "status", "--porcelain")
        output = project.digits("trial", *arguments, code=code)
        assert list(temporary.iterdir()) == []
        assert project.run("git", "status", "--porcelain") == before
        return output

    return run


def there(project):
    """The commit of each experiment that the project has, by its name."""
    form = "--format=%(refname) %(objectname)"
    refs = project.run("git", "for-each-ref", form, "refs/exps/*/*/*")
    return {ref.rsplit("/")[-1]: commit for ref, commit in map(str.split, refs.splitlines())}


def test_the_experiment_is_here_and_is_not_run_again(ready, trial):
    ready.edit("params.yaml", "epochs: 5", "epochs: 6")
    arguments = ("long", "-S", "train.epochs=7", "evaluate", "-S", "train.seed=2")
    output = trial(ready, *arguments)
    assert "not part of the trial: changes that are not committed\n" in output
    assert "> cp params.yaml model" in output
    ready.run("git", "restore", "params.yaml")
    found = there(ready)
    assert list(found) == ["long"]
    assert ready.run("dvc", "exp", "list", "--name-only").split() == ["long"]
    assert trial(ready, *arguments) == "trial long: exists already\n"
    assert trial(ready, "long", "-S", "train.epochs=8", code=1) == (
        "error: there is a trial long already, with train.seed 2, not 0; train.epochs 7, not 8. "
        "Take another name, or `dvc exp remove long`\n"
    )
    assert there(ready) == found
    ready.run("dvc", "exp", "apply", "long")
    train = ready.read("model")["train"]  # so it is in the cache
    assert (train["epochs"], train["seed"]) == (7, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "-S", "train.epoch=2"], "Could not override 'train.epoch'"),
        (["x", "-S", "train.epochs=many"], "train.epochs: expected a valid integer, got 'many'"),
        (["a/b"], "expected a name that git takes for a branch, without /; got 'a/b'"),
        ([""], "got ''"),
        (["x", "--repository", "nowhere"], "fatal: repository 'nowhere' does not exist"),
        (["x", "--repository", "."], "error: . has no DVC remote for the results"),
    ],
)
def test_what_cannot_be_tried_is_told_in_one_line(ready, trial, arguments, said):
    output = trial(ready, *arguments, code=1)
    assert said in output
    assert output.count("\n") == 1
    assert there(ready) == {}


@pytest.mark.slow
@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_stopped_it_leaves_neither_files_nor_processes(small, temporary, signal):
    ready = prepare(small, cmd="cp params.yaml model && ! grep -q 77 params.yaml || sleep 600")
    process = psutil.Popen(
        [*TRIAL, "x", "-S", "train.seed=77"],
        cwd=ready.folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed,
    )
    while not any(each.name() == "sleep" for each in process.children(recursive=True)):
        assert process.is_running()
        time.sleep(0.1)
    started = process.children(recursive=True)
    process.send_signal(getattr(signals, signal))
    assert f"error: stopped by {signal}" in process.communicate()[1]
    assert psutil.wait_procs(started, timeout=10)[1] == []
    assert list(temporary.iterdir()) == []
    assert there(ready) == {}


@pytest.mark.slow
def test_a_project_in_a_folder_of_its_repository_and_a_worktree(inner, small, trial, tmp_path):
    prepare(inner)
    trial(inner, "x", "-S", "train.seed=3")
    assert inner.run("dvc", "exp", "list", "--name-only").split() == ["x"]
    prepare(small)
    tree = Small(tmp_path / "tree")
    small.run("git", "worktree", "add", "--quiet", "-b", "other", str(tree.folder))
    tree.append("source.json", " ")
    tree.commit("other", lock=False)
    trial(tree, "y", "-S", "train.seed=3")
    assert tree.run("dvc", "exp", "list", "--name-only").split() == ["y"]


@pytest.mark.slow
def test_several_at_once_of_one_name_and_of_others(ready):
    names = ["a", "a", "a", "b", "c"]
    running = [
        subprocess.Popen([*TRIAL, name, "-S", "train.seed=3"], cwd=ready.folder) for name in names
    ]
    assert [process.wait() for process in running] == [0] * 5
    assert set(there(ready)) == {"a", "b", "c"}
