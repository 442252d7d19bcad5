"""The workflow for users' CI, run as it is written in a clone as there; and what installs."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
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
    """In a clone of a branch, as the actions make it."""
    project.run("git", "switch", "--quiet", "--create", "branch")
    project.set("train_hidden.units", 3)
    project.set("train.epochs", 1)
    for model in project.read("gate.yaml")["floors"]:
        project.set(f"floors.{model}", {"accuracy": 0.0}, "gate.yaml")
    project.repro()
    project.commit()
    clone, script, summary = (tmp_path / name for name in ("clone", "step.sh", "summary"))
    project.run("git", "clone", "--quiet", "--branch", "branch", ".", str(clone))
    environment = clone / ".venv"  # instead of the step that installs
    environment.mkdir()
    for item in Path(sys.prefix).iterdir():
        if item.name not in ("runtime", "test"):
            (environment / item.name).symlink_to(item)
    (environment / "runtime").touch()

    def step(command, code=0):
        """Run a step as `shell: bash` does; return what it prints."""
        script.write_text(command)
        unset = ["env", *(f"--unset={name}" for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"))]
        shell = [*unset, "bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        variables = {"GITHUB_STEP_SUMMARY": str(summary), "RUNNER_TEMP": str(tmp_path)}
        return pipeline.Project(clone).run(*shell, code=code, **variables)

    install, checks, report = commands("pipeline").values()
    assert install == "make .venv/runtime"
    assert step(install) == "make: '.venv/runtime' is up to date.\n"
    output = step(checks, code=2)  # make's, through the pipe
    assert output.count("> python -m stages.") == len(pipeline.STAGES)
    assert "ok      rebuild     the rebuild gave the committed bytes" in output
    assert "FAILED  comparison  with origin/main: " in output
    assert step(report) == ""
    told = summary.read_text()
    sections = re.findall("^## (.*)", told, re.MULTILINE)
    assert sections == ["Checks", "Against origin/main", "Metrics that differ"]
    assert told.count("\n    ok      ") == 4  # and no word of make's
    assert "hidden worse" in told
    assert "McNemar" in told  # by the same digits: main's answers are in git, the cache is empty
    for row in (
        r"metrics/evaluation/hidden.json \| accuracy \| 1.0",
        r"train_hidden.units \| 100 \| 3",
    ):
        assert re.search(rf"^\| {row} ", re.sub(" +", " ", told), re.MULTILINE), row
    upload = JOBS["pipeline"]["steps"][-1]["with"]["path"].split()
    assert upload == ["report/index.html", "metrics/**/*.png"]
    for pattern in (*upload, "metrics/confusion/hidden.png"):
        assert list(clone.glob(pattern)), pattern


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


@pytest.mark.skipif(not shutil.which("make"), reason="this system has no make")
def test_an_archive_without_git_says_so_before_it_installs(tmp_path):
    project = pipeline.Project(tmp_path)
    shutil.copy(pipeline.ROOT / "Makefile", tmp_path)
    project.path("requirements").mkdir()
    project.path("requirements/runtime.txt").touch()
    said = project.run("make", "repro", f"PYTHON={sys.executable}", code=2)
    assert "not a git repository" in said
    assert "error: git finds no repository here" in said
    assert not project.path(".venv").exists()


@pytest.mark.slow
def test_of_pips_settings_those_count_that_say_where_packages_come_from(tmp_path):
    folder = tmp_path / "packages"  # with a package that is nowhere else
    folder.mkdir()
    with zipfile.ZipFile(folder / "only_here-1.0-py3-none-any.whl", "w") as wheel:
        info = "only_here-1.0.dist-info"
        wheel.writestr("only_here.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: only-here\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python, file = tmp_path / "venv/bin/python", tmp_path / "pip.conf"
    file.write_text(
        f"[global]\nno-index = true\nfind-links =\n    /nowhere\n    {folder}\n"
        f"quiet = 1\n[install]\ntarget = {tmp_path / 'target'}\n"
    )
    variables = {name: os.environ[name] for name in os.environ if not name.startswith("PIP_")}
    variables |= {"PIP_USER": "1", "PIP_DRY_RUN": "1", "PIP_CONFIG_FILE": str(file)}
    command = [python, pipeline.ROOT / ".ci/install.py", "only-here"]
    subprocess.run(command, env=variables, check=True)
    subprocess.run([python, "-c", "import only_here"], check=True)
    assert not (tmp_path / "target").exists()
