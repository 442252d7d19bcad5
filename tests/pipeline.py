"""A copy of this repository in a temporary folder, with real git, real DVC and small data."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from ruamel.yaml import YAML

from digits.data.dataset import content_sha256

ROOT = Path(__file__).parent.parent
MAP = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
STAGES = tuple(MAP)
"""In the order of dvc.yaml, in which DVC may run them."""
MODELS = yaml.safe_load((ROOT / "params.yaml").read_text())["models"]
TRAININGS = [f"train_{name}" for name in MODELS]
BUILT = [Path("data/raw/test_images.npy"), *(Path(f"models/{name}.keras") for name in MODELS)]
COMMANDS = {name: MAP[name]["cmd"].split() for name in MAP}
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


def readers(path):
    """The stages that depend on a file: on itself, or on a folder above it."""
    return [
        name
        for name, stage in MAP.items()
        if any(f"{path}/".startswith(f"{dep}/") for dep in stage["deps"])
    ]


def outputs(stage):
    """The files and folders that a stage writes, in the order of dvc.yaml."""
    listed = [out for kind in ("outs", "metrics", "plots") for out in MAP[stage].get(kind, [])]
    return [next(iter(out)) if isinstance(out, dict) else out for out in listed]


class Project:
    """The copy, and what a user does in it."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def run(self, *command, code=0, **variables):
        """Run a command in the copy, under these variables too; return its output and stderr.

        code: what it must end with; None if that is for the caller to see in the output.
        """
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=ENVIRONMENT | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert code in (done.returncode, None), done.stdout
        return done.stdout

    def repro(self):
        """Run `dvc repro`; return the names of the stages that were run."""
        return re.findall(r"^Running stage '(\w+)':$", self.run("dvc", "repro"), re.MULTILINE)

    def stages(self, python=sys.executable, **variables):
        """Run all stages of the listed models in one process; return what each of them opened."""
        return self.run(python, "-u", "tests/watched.py", **variables).splitlines()[-1]

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
        """Return what a JSON or YAML file of the copy holds."""
        load = json.loads if name.endswith(".json") else yaml.safe_load
        return load(self.path(name).read_text())

    def append(self, name, text):
        """Add to the end of a file."""
        with self.path(name).open("a") as file:
            file.write(text)

    def fetch(self, dataset):
        """Write `dataset` beside the copy and name it in params.yaml."""
        source = self.folder.parent / f"{self.folder.name}.npz"
        names = ("x_train", "y_train", "x_test", "y_test")
        np.savez(source, **dict(zip(names, dataset, strict=True)))
        self.set("fetch.source", str(source))
        self.set("fetch.sha256", content_sha256(dataset))
        self.set("fetch.classes", list("0123456789"))

    def lock(self):
        return self.read("dvc.lock")["stages"]

    def hashes(self):
        """The hash of every output, by path."""
        return {out["path"]: out["md5"] for stage in self.lock().values() for out in stage["outs"]}

    def contents(self):
        """The bytes of every output's files, by path."""
        outs = [self.path(out) for stage in STAGES for out in outputs(stage)]
        paths = [path for out in outs for path in [out, *out.rglob("*")] if path.is_file()]
        return {path: path.read_bytes() for path in paths}

    def unlike(self, python=sys.executable, **variables):
        """Run all stages anew, in one process, under these variables; list what differs then."""
        before = self.contents()
        for path in before:
            path.unlink()
        self.stages(python, **variables)
        return [path for path in before if path.read_bytes() != before[path]]

    def commit(self, message="change"):
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)


def make(folder, dataset):
    """Copy what git tracks here, or would, into a repository that fetches `dataset`."""
    project = Project(folder)
    listed = Project(ROOT).run("git", "ls-files", "--cached", "--others", "--exclude-standard")
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            project.path(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, project.path(name))
    project.path("dvc.lock").unlink(missing_ok=True)
    project.fetch(dataset)
    for section, values in project.read("params.yaml").items():
        if section.startswith("train_") and "epochs" in values:
            project.set(f"{section}.epochs", 1)
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.commit("start")
    project.run("python", "-m", "digits", "setup")
    return project


def copy(project, folder):
    """Copy a project and its cache to `folder`, set up there as `digits setup` does it."""
    shutil.copytree(project.folder, folder, symlinks=True)
    config = Path(folder, ".dvc/config.local")
    config.write_text(config.read_text().replace(str(project.folder), str(folder)))
    return Project(folder)
