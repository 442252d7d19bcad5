"""The workflow for users' CI: its steps run here as they are written, in a clone as there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import pipeline

FILE = pipeline.ROOT / ".github/workflows/ci.yaml"
JOBS = yaml.safe_load(FILE.read_text())["jobs"]


def commands(job):
    """The `run:` steps of a job, by name."""
    return {step["name"]: step["run"] for step in JOBS[job]["steps"] if "run" in step}


def recipe(target):
    """The commands of a target of the Makefile."""
    makefile = pipeline.ROOT.joinpath("Makefile").read_text()
    lines = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
    return [line.strip() for line in lines.splitlines()]


class Runner:
    """A clone of a project's branch as the actions make it, and the shell that runs the steps."""

    def __init__(self, project, folder):
        self.clone = pipeline.Project(folder / "clone")
        project.run("git", "clone", "--quiet", "--branch", "branch", ".", str(self.clone.folder))
        self.summary = folder / "summary"
        self.script = folder / "step.sh"
        self.environment = {
            **{k: v for k, v in pipeline.ENVIRONMENT.items() if "MAKE" not in k},
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(folder),
        }
        environment = self.clone.path(".venv")  # instead of the step that installs
        environment.mkdir()
        for item in Path(sys.prefix).iterdir():
            if item.name not in ("runtime", "test"):
                (environment / item.name).symlink_to(item)
        (environment / "runtime").touch()

    def step(self, command, code=0):
        """Run a step as `shell: bash` does; return what it prints."""
        self.script.write_text(command)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", self.script],
            cwd=self.clone.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def told(self):
        """What the summary has got since this was last asked."""
        text = self.summary.read_text()
        self.summary.unlink()
        return text


def test_the_steps_on_three_systems_are_those_of_make_test():
    steps = list(commands("test").values())
    installing = [
        line.replace(".venv/bin/python", "python").replace("$<", "requirements/test.txt")
        for line in recipe(".venv/runtime .venv/test")
        if ".ci/install.py" in line
    ]
    assert steps == [*installing, *recipe("check"), *recipe("test")]
    assert len(steps) == 7


def test_the_oldest_and_the_newest_python_that_are_supported_on_three_systems():
    matrix = JOBS["test"]["strategy"]["matrix"]
    oldest, beyond = re.search(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', Path("pyproject.toml").read_text()
    ).groups()
    assert matrix["python"] == [f"3.{oldest}", f"3.{int(beyond) - 1}"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_jobs_end_use_pinned_actions_and_fetch_what_is_compared():
    text = FILE.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert not re.search(r"secrets\.|pull_request_target|github\.token", text)
    for job in JOBS.values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60
        assert job["steps"][0]["uses"].startswith("actions/checkout@")
        assert job["steps"][0]["with"]["persist-credentials"] is False
    uses = re.findall(r"uses: (.*)", text)
    assert len(uses) == 5
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)
    assert len(set(uses)) == len({use.split("@")[0] for use in uses}) == 3
    checkout, *_ = (step["with"] for step in JOBS["pipeline"]["steps"] if "uses" in step)
    assert checkout["fetch-depth"] == 0


def test_no_step_puts_what_a_stranger_wrote_into_a_command():
    for job in JOBS:
        assert not any("${{" in command for command in commands(job).values())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the job runs on Linux")
def test_the_steps_of_the_pipeline_as_they_are_written(project, tmp_path):
    project.run("git", "switch", "--quiet", "--create", "branch")
    project.set("train_hidden.units", 3)
    project.set("train.epochs", 1)
    for model in project.read("gate.yaml")["floors"]:
        project.set(f"floors.{model}", {"accuracy": 0.0}, "gate.yaml")
    project.repro()
    project.commit()
    runner = Runner(project, tmp_path)
    install, checks, report = commands("pipeline").values()
    assert install == "make .venv/runtime"
    assert runner.step(install) == "make: '.venv/runtime' is up to date.\n"

    output = runner.step(checks, code=2)  # make's, through the pipe
    assert output.count("> python -m stages.") == len(pipeline.STAGES)
    assert "ok      rebuild     the rebuild gave the committed bytes" in output
    assert "FAILED  comparison  with origin/main: " in output
    assert runner.step(report) == ""
    told = runner.told()
    sections = re.findall("^## (.*)", told, re.MULTILINE)
    assert sections == ["Checks", "Against origin/main", "Metrics that differ"]
    assert told.count("\n    ok      ") == 4  # and no word of make's
    assert "hidden worse" in told
    assert "McNemar" in told  # by the same digits: main's answers are in git, the cache is empty
    assert re.search(
        r"^\| metrics/evaluation/hidden.json +\| +accuracy +\| +1.0 ", told, re.MULTILINE
    )
    assert re.search(r"^\| train_hidden.units +\| +100 +\| +3 ", told, re.MULTILINE)
    upload = JOBS["pipeline"]["steps"][-1]["with"]["path"].split()
    assert upload == ["report/index.html", "metrics/**/*.png"]
    for pattern in (*upload, "metrics/confusion/hidden.png"):
        assert list(runner.clone.folder.glob(pattern)), pattern

    runner.clone.run("git", "fetch", "--quiet", "origin", "main")
    runner.clone.run("git", "switch", "--quiet", "--detach", "origin/main")
    runner.step(report)
    told = runner.told()
    assert "No parameter differs." in told
    assert "\nNone.\n" in told


@pytest.mark.skipif(os.name == "nt", reason="a script of bash")
def test_the_report_where_there_is_nothing_to_compare_with(project):
    project.run("git", "tag", "start", "HEAD~1")
    project.run("git", "switch", "--quiet", "--orphan", "empty")
    project.run("git", "commit", "--quiet", "--allow-empty", "--message", "empty")
    project.run("git", "switch", "--quiet", "main")
    told = project.run("bash", ".ci/report", "empty")
    assert told.startswith("## Against empty\n\n    error: ")
    assert "has no metrics/answers.json" in told
    assert "Metrics that differ" not in told
