"""Small projects: what `digits` asks of git and DVC, without a pipeline that takes minutes."""

import json
import shutil
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout

import pytest
from dvc.repo import Repo

from digits.__main__ import call
from digits.errors import DigitsError
from tests import pipeline

DVC_YAML = """\
stages:
  train:
    cmd: mkdir -p models && sh code/train.sh
    deps: [code, source.json]
    params: [train]
    outs: [models/one.keras, models/two.keras]
  evaluate:
    cmd: mkdir -p metrics && cp -r made/. metrics
    deps: [made, models/one.keras, models/two.keras]
    params: [models]
    metrics:
      - metrics/evaluation: {cache: false}
      - metrics/answers.json: {cache: false}
      - metrics/dataset.json: {cache: false}
"""
CODE = """\
[ ! -e extra ] || . ./extra
cp code/train.sh models/one.keras && cp params.yaml models/two.keras
"""


class Small(pipeline.Project):
    """A project of two stages, with models that have the answers that a test gives them."""

    def digits(self, *arguments, code=0):
        """Run a command of this repository's here, in this process; return all that it prints."""
        with tempfile.TemporaryFile("w+") as file:
            with chdir(self.folder), redirect_stdout(file), redirect_stderr(file):
                ended = 0
                try:
                    call([str(word) for word in arguments])
                except (DigitsError, SystemExit) as end:
                    ended = end.code if isinstance(getattr(end, "code", ""), int) else 1
                    print(f"error: {end}" if isinstance(end, DigitsError) else end)
            file.seek(0)
            output = file.read()
        assert ended == code, output
        return output

    def compare(self, *arguments):
        """What `digits compare` says, as JSON."""
        return json.loads(self.digits("compare", *arguments, "--json"))

    def answer(self, labels="aa", examples=100, **wrong):
        """Write metrics/answers.json: so many wrong answers of each model, the first ones."""
        models = {
            name: {"predicted": [0] * examples, "wrong": list(range(count))}
            for name, count in wrong.items()
        }
        content = {"labels_sha256": labels, "examples": examples, **models}
        self.write("answers.json", content)

    def score(self, **accuracies):
        """Write the metrics of stage evaluate."""
        for name, accuracy in accuracies.items():
            metrics = {"accuracy": accuracy, "macro_f1": accuracy, "loss": 0.5}
            self.write(f"evaluation/{name}.json", metrics)

    def write(self, name, content):
        """Write a file for stage evaluate to copy, and the copy."""
        for folder in ("made", "metrics"):
            self.path(folder, name).write_text(json.dumps(content))

    def path(self, *names):
        return self.folder.joinpath(*names)

    def commit(self, message="change", lock=True):
        """Commit everything; lock: let dvc.lock name what lies here, as if `dvc repro` made it."""
        if lock:
            with chdir(self.folder), Repo() as repo:
                repo.commit(force=True)
        super().commit(message)

    def branch(self, name="branch"):
        self.run("git", "switch", "--quiet", "--create", name)


def make(folder, branch="main", top=None):
    """Make the project and commit it; `top`: the folder of its repository, if another one."""
    small = Small(folder)
    for name in (".dvc", "code", "metrics/evaluation", "made/evaluation"):
        small.path(name).mkdir(parents=True)
    for name, content in {
        ".dvc/config": "[core]\n    analytics = false\n",
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
        ".gitignore": "/models/*.keras\n",
        "params.yaml": "models: [one, two]\ntrain:\n  seed: 0\n",
        "source.json": '{"accuracy": 0.7, "macro_f1": 0.7, "loss": 0.5}',
        "code/train.sh": CODE,
        "dvc.yaml": DVC_YAML,
        "gate.yaml": "dataset: MNIST\nfloors: {}\nagainst: main\nallowed_regression: 0.01\n",
        "requirements/runtime.txt": (pipeline.ROOT / "requirements/runtime.txt").read_text(),
    }.items():
        small.path(name).parent.mkdir(exist_ok=True)
        small.path(name).write_text(content)
    small.write("dataset.json", {"title": "MNIST"})
    small.score(one=0.7, two=0.9)
    small.answer(one=30, two=10)
    small.run("git", "init", "--quiet", f"--initial-branch={branch}", str(top or folder))
    small.run("git", "config", "core.autocrlf", "false")
    small.run("dvc", "repro", "--quiet")
    small.commit("start", lock=False)
    return small


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """The environment of a command: git knows who commits, `python` is this one."""
    for name, value in pipeline.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(pipeline.ROOT))


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    """The folder with both projects that tests copy."""
    folder = tmp_path_factory.mktemp("templates")
    make(folder / "small")
    make(folder / "mono/ml", top=folder / "mono")
    return folder


@pytest.fixture
def small(templates, tmp_path):
    shutil.copytree(templates / "small", tmp_path / "smäll", symlinks=True)
    return Small(tmp_path / "smäll")


@pytest.fixture
def inner(templates, tmp_path):
    """A project in a folder of its repository."""
    shutil.copytree(templates / "mono", tmp_path / "mono", symlinks=True)
    return Small(tmp_path / "mono/ml")


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)  # to be read again
    return temporary
