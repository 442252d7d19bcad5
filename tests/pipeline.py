"""A copy of this repository in a temporary folder, with real git, real DVC and small data."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
STAGES = tuple(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
"""In the order of dvc.yaml, in which DVC may run them, too."""
FORM = YAML()  # keeps comments
FORM.width = 1000
FORM.representer.add_representer(
    type(None), lambda form, _: form.represent_scalar("tag:yaml.org,2002:null", "null")
)
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@localhost",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@localhost",
}


ALL_STAGES = f"""
import sys
sys.argv = ["-m"]  # as Python has it while it imports the package of `python -m stages.fetch`
import stages
from importlib import import_module
for stage in {STAGES}:
    import_module(f"stages.{{stage}}").main()
"""


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

    def set(self, name, value, file="params.yaml"):
        """Set a value by its dotted name, as "train.epochs"; comments stay."""
        document = FORM.load(self.path(file))
        *sections, key = name.split(".")
        section = document
        for each in sections:
            section = section[each]
        section[key] = value
        FORM.dump(document, self.path(file))

    def read(self, name):
        """Return what a YAML file, JSON too, of the copy holds."""
        return yaml.safe_load(self.path(name).read_text())

    def append(self, name, text):
        """Add to the end of a file."""
        with self.path(name).open("a") as file:
            file.write(text)

    def fetch(self, dataset, sha256):
        """Write `dataset` beside the copy and name it in params.yaml."""
        source = self.folder.parent / f"{self.folder.name}.npz"
        names = ("x_train", "y_train", "x_test", "y_test")
        np.savez(source, **dict(zip(names, dataset, strict=True)))
        self.set("fetch.source", str(source))
        self.set("fetch.sha256", sha256)
        self.set("fetch.classes", list("0123456789"))

    def lock(self):
        return self.read("dvc.lock")["stages"]

    def hashes(self):
        """The hash of every output, by path."""
        return {out["path"]: out["md5"] for stage in self.lock().values() for out in stage["outs"]}

    def unlike(self, python=sys.executable, **variables):
        """Run all stages anew, in one process, under these variables; list what differs then."""
        outputs = [self.path(out) for out in self.hashes()]
        paths = [path for out in outputs for path in [out, *out.rglob("*")] if path.is_file()]
        before = {path: path.read_bytes() for path in paths}
        for path in paths:
            path.unlink()
        done = subprocess.run(
            [python, "-c", ALL_STAGES],
            cwd=self.folder,
            env=ENVIRONMENT | variables,
            capture_output=True,
            text=True,
            errors="replace",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [path for path in paths if path.read_bytes() != before[path]]

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
    project.set("train_augmented.epochs", 1)
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.commit("start")
    project.run("python", "-m", "digits", "setup")
    return project


def copy(project, folder):
    """Copy a project, its cache included, to `folder`."""
    shutil.copytree(project.folder, folder, symlinks=True)
    copied = Project(folder)
    copied.run("python", "-m", "digits", "setup")
    return copied
