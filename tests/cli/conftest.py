"""Small projects: what `digits` asks of git and of DVC, without a pipeline that takes minutes."""

import json
import shutil
import sys

import pytest

from tests import pipeline

DVC_YAML = """\
stages:
  evaluate:
    cmd: cp source.json metrics/evaluation.json && cp source.json model
    deps:
      - source.json
    params:
      - train
    outs:
      - model
    metrics:
      - metrics/evaluation.json:
          cache: false
"""


class Small(pipeline.Project):
    """A project of one stage, with models that have the answers that a test gives them."""

    def digits(self, *arguments, code=0, **variables):
        """Run a command of this repository's; return its output, stderr included."""
        settings = {"PYTHONPATH": pipeline.ROOT, "PATH": pipeline.ENVIRONMENT["PATH"], **variables}
        environment = [f"{name}={value}" for name, value in settings.items()]
        output = self.run(
            "env", *environment, sys.executable, "-m", "digits", *arguments, code=code
        )
        assert "Traceback" not in output, output
        ran_stages = "> python" in output  # which say what is wrong themselves
        assert code != 1 or ran_stages or output.count("error: ") == 1, output
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
        self.path("metrics/answers.json").write_text(json.dumps(content))

    def branch(self, name="branch"):
        self.run("git", "switch", "--quiet", "--create", name)


def make(folder, branch="main", top=None):
    """Make the project and commit it; `top`: the folder of its repository, if another one."""
    small = Small(folder)
    for name in (".dvc", "metrics"):
        small.path(name).mkdir(parents=True)
    small.path(".dvc/config").write_text("[core]\n    analytics = false\n")
    small.path(".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n")
    small.path(".gitignore").write_text("/model\n")
    small.path("params.yaml").write_text("models: [one, two]\ntrain:\n  seed: 0\n")
    small.path("source.json").write_text('{"one": {"loss": 0.5}}')
    small.path("dvc.yaml").write_text(DVC_YAML)
    small.path("gate.yaml").write_text(
        "dataset: MNIST\nfloors: {}\nagainst: main\nallowed_regression: 0.01\n"
    )
    small.path("metrics/dataset.json").write_text('{"title": "MNIST"}')
    small.answer(one=30, two=10)
    small.run("git", "init", "--quiet", f"--initial-branch={branch}", str(top or folder))
    small.run("git", "config", "core.autocrlf", "false")
    small.run("dvc", "repro", "--quiet")
    small.commit("start")
    return small


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    """The folder with both projects that tests copy."""
    folder = tmp_path_factory.mktemp("templates")
    make(folder / "small")
    make(folder / "mono/ml", top=folder / "mono")
    return folder


@pytest.fixture
def small(templates, tmp_path):
    shutil.copytree(templates / "small", tmp_path / "small", symlinks=True)
    return Small(tmp_path / "small")


@pytest.fixture
def inner(templates, tmp_path):
    """A project in a folder of its repository."""
    shutil.copytree(templates / "mono", tmp_path / "mono", symlinks=True)
    return Small(tmp_path / "mono/ml")
