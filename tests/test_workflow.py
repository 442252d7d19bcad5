"""The workflow for users' CI: its steps run here as they are written, in a clone as there."""

import os
import re
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
        self.summary, self.script = folder / "summary", folder / "step.sh"
        self.variables = {"GITHUB_STEP_SUMMARY": str(self.summary), "RUNNER_TEMP": str(folder)}
        environment = self.clone.path(".venv")  # instead of the step that installs
        environment.mkdir()
        for item in Path(sys.prefix).iterdir():
            if item.name not in ("runtime", "test"):
                (environment / item.name).symlink_to(item)
        (environment / "runtime").touch()

    def step(self, command, code=0):
        """Run a step as `shell: bash` does; return what it prints."""
        self.script.write_text(command)
        unset = ["env", *(f"--unset={name}" for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"))]
        shell = [*unset, "bash", "--noprofile", "--norc", "-eo", "pipefail"]
        return self.clone.run(*shell, str(self.script), code=code, **self.variables)

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


def test_jobs_end_fetch_what_is_compared_and_put_no_foreign_words_into_a_command():
    for name, job in JOBS.items():
        assert job["timeout-minutes"] <= 60
        assert not any("${{" in command for command in commands(name).values())
    assert JOBS["pipeline"]["steps"][0]["with"]["fetch-depth"] == 0


def test_the_hooks_of_pre_commit_fetch_nothing_and_run_what_is_run_here():
    (local,) = yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"
    hooks = {hook["id"]: hook for hook in local["hooks"]}
    assert {hook["language"] for hook in hooks.values()} == {"system"}
    for hook in hooks.values():
        known = [*recipe("check"), "python -m digits validate parameters lock"]
        assert any(set(hook["entry"].split()) - {"--force-exclude"} <= {*x.split()} for x in known)
    for file in ("params.yaml", "dvc.yaml", "dvc.lock", "digits/data/arrays.py", "stages/train.py"):
        assert re.search(hooks["lock"]["files"], file), file


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
