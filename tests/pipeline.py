"""A copy of this repository in a temporary folder, with real git, real DVC and small data."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).parent.parent
STAGES = (
    "fetch",
    "explore",
    "preprocess",
    "train_basic",
    "train_hidden",
    "evaluate",
    "robustness",
    "report",
)
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@localhost",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@localhost",
}


class Project:
    """The copy, and what a user does in it."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def run(self, *command, code=0):
        """Run a command in the copy; return its output, stderr included.

        code: what it must end with; None if that is for the caller to see in the output.
        """
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert code in (done.returncode, None), done.stdout
        return done.stdout

    def repro(self):
        """Run `dvc repro`; return the names of the stages that were run."""
        return re.findall(r"^Running stage '(\w+)':$", self.run("dvc", "repro"), re.MULTILINE)

    def path(self, name):
        return self.folder / name

    def edit(self, name, old, new):
        """Replace `old`, which must be there, by `new` in a file."""
        text = self.path(name).read_text()
        assert old in text, f"{name} does not hold {old!r}"
        self.path(name).write_text(text.replace(old, new, 1))

    def append(self, name, text):
        """Add to the end of a file."""
        with self.path(name).open("a") as file:
            file.write(text)

    def fetch(self, dataset, sha256):
        """Write `dataset` beside the copy and name it in params.yaml."""
        source = self.folder.parent / f"{self.folder.name}.npz"
        names = ("x_train", "y_train", "x_test", "y_test")
        np.savez(source, **dict(zip(names, dataset, strict=True)))
        committed = yaml.safe_load(self.path("params.yaml").read_text())["fetch"]
        self.edit("params.yaml", f"source: {committed['source']}", f"source: {source}")
        self.edit("params.yaml", committed["sha256"], sha256)

    def lock(self):
        return yaml.safe_load(self.path("dvc.lock").read_text())["stages"]

    def hashes(self):
        """The hash of every output, by path."""
        return {out["path"]: out["md5"] for stage in self.lock().values() for out in stage["outs"]}

    def commit(self, message="change"):
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)


def make(folder, dataset, sha256):
    """Copy what git tracks here, or would, into a repository that fetches `dataset`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    project = Project(folder)
    for name in listed:
        if (ROOT / name).is_file():
            project.path(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, project.path(name))
    project.path("dvc.lock").unlink(missing_ok=True)
    project.fetch(dataset, sha256)
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.commit("start")
    return project
