"""Each stage reads what dvc.yaml declares, writes what it declares, and nothing else."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from tests import pipeline

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
    """What dvc.yaml says of a stage: files read, files written, parameters."""
    entry = yaml.safe_load(project.path("dvc.yaml").read_text())["stages"][stage]
    values = yaml.safe_load(project.path("params.yaml").read_text())
    outs = [o for kind in ("outs", "metrics", "plots") for o in entry.get(kind, [])]
    return {
        "read": set(entry["deps"]),
        "written": {next(iter(out)) if isinstance(out, dict) else out for out in outs},
        "parameters": {f"{name}.{key}" for name in entry.get("params", []) for key in values[name]},
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
    for out in wanted["written"]:
        workspace.path(out).unlink()
    seen = watch(workspace, stage)
    written = {name for name in seen["written"] if not name.endswith(".tmp")}
    read = set(seen["read"]) - {"params.yaml"}
    assert written == wanted["written"]
    assert read <= wanted["read"]
    assert {
        name for name in wanted["read"] if name not in read and name.startswith("data/")
    } == set()
    assert set(seen["parameters"]) == wanted["parameters"]
    assert ("params.yaml" in seen["read"]) == bool(wanted["parameters"])


def test_an_undeclared_read_is_seen(project):
    project.append("stages/explore.py", "\nopen('README.md').close()\n")
    assert "README.md" in watch(project, "explore")["read"]
