"""Each stage reads what dvc.yaml declares, writes what it declares, and nothing else."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from tests import pipeline
from tests.test_map import SILENT

WATCHED = pipeline.ROOT / "tests/watched.py"


def watch(project, stage):
    """Run a stage by hand, watched."""
    done = subprocess.run(
        [sys.executable, WATCHED, stage],
        cwd=project.folder,
        env=pipeline.ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stderr.splitlines()[-1])


def declared(project, stage):
    """What dvc.yaml says of a stage: files or folders read and written, parameters."""
    entry = yaml.safe_load(project.path("dvc.yaml").read_text())["stages"][stage]
    values = yaml.safe_load(project.path("params.yaml").read_text())
    outs = [o for kind in ("outs", "metrics", "plots") for o in entry.get(kind, [])]
    names = [name for name in entry.get("params", []) if isinstance(name, str)]
    return {
        "read": set(entry["deps"]),
        "written": {next(iter(out)) if isinstance(out, dict) else out for out in outs},
        "parameters": {
            name if "." in name else f"{name}.{key}"
            for name in names
            for key in (values[name] if isinstance(values.get(name), dict) else ["root"])
        },
        "whole file": len(names) < len(entry.get("params", [])),
    }


def beneath(names, places):
    """Put the place in the stead of each name that is one, or lies in one; others stay."""
    folders = {place: f"{place}/" for place in places}
    return {
        next((place for place, folder in folders.items() if f"{name}/".startswith(folder)), name)
        for name in names
    }


@pytest.fixture(scope="module")
def workspace(built, tmp_path_factory):
    """One copy for all stages: each finds what the earlier ones wrote."""
    folder = tmp_path_factory.mktemp("watched") / "project"
    shutil.copytree(built.folder, folder, symlinks=True)
    return pipeline.Project(folder)


@pytest.mark.parametrize("stage", pipeline.STAGES)
def test_a_stage_touches_exactly_what_it_declares(workspace, stage):
    wanted = declared(workspace, stage)
    for out in map(workspace.path, wanted["written"]):
        shutil.rmtree(out) if out.is_dir() else out.unlink()
    seen = watch(workspace, stage)
    written = {name for name in seen["written"] if not name.endswith(".tmp")}
    drawn = {"dvc.yaml"} if stage == "report" else set()  # DVC takes it for no dependency
    read = set(seen["read"]) - {"params.yaml"} - drawn - set(SILENT)
    assert beneath(written, wanted["written"]) == wanted["written"]
    assert beneath(read, wanted["read"]) <= wanted["read"]
    unread = wanted["read"] - beneath(read, wanted["read"])
    assert not [name for name in unread if name.startswith(("data/", "metrics/", "models/"))]
    if not wanted["whole file"]:
        unread = wanted["parameters"] - set(seen["parameters"])
        made = {"train.epochs", "train.batch_size", "train.learning_rate"}  # of its own numbers
        read = set(seen["parameters"]) - (made if stage == "train_augmented" else set())
        assert read <= wanted["parameters"]
        unread -= {f"fetch.{key}" for key in ("size", "held_out", "seed")}  # of pictures
        if stage == "robustness":  # which looks for those called as its own are
            unread = {name for name in unread if not name.startswith("train_")}
        assert not unread
        assert ("params.yaml" in seen["read"]) == bool(wanted["parameters"])


def test_an_undeclared_read_is_seen(project):
    project.append("stages/explore.py", "\nopen('README.md').close()\n")
    assert "README.md" in watch(project, "explore")["read"]
