"""The hooks of .pre-commit-config.yaml: each entry as written lets good pass, and bad not."""

import re
import shlex

import pytest
import yaml

from tests import pipeline

(LOCAL,) = yaml.safe_load((pipeline.ROOT / ".pre-commit-config.yaml").read_text())["repos"]
HOOKS = {hook["id"]: hook for hook in LOCAL["hooks"]}
WRONG = {
    "format": ("digits/figures/seen.py", "\ndef ", "\ndef   "),
    "style": ("digits/figures/seen.py", "import numpy as np\n", "import numpy as np\nimport os\n"),
    "types": ("digits/evaluation/gate.py", "faults = []", "faults: int = []"),
    "parameters": ("params.yaml", "epochs: 5", "epochs: five"),
    "lock": ("params.yaml", "units: 100", "units: 3"),
}
SAYS = {
    "format": "1 file reformatted",
    "style": "F401",
    "types": "Incompatible types in assignment",
    "parameters": "train.epochs: expected a valid integer, got 'five'",
    "lock": "dvc.lock is not up to date: train_hidden (params.yaml), report (params.yaml)",
}


def test_the_hooks_fetch_nothing():
    assert LOCAL["repo"] == "local"
    assert {hook["language"] for hook in HOOKS.values()} == {"system"}
    assert not any("additional_dependencies" in hook for hook in HOOKS.values())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "types")) for name in HOOKS]
)
def test_a_hook_lets_good_pass_and_bad_not(project, name):
    hook, (file, old, new) = HOOKS[name], WRONG[name]
    command = shlex.split(hook["entry"])
    command += [] if hook.get("pass_filenames") is False else [file]
    assert re.search(hook.get("files", ""), file)
    assert hook.get("types", ["python"]) == ["python"]
    project.run(*command)
    assert project.run("git", "status", "--porcelain") == ""
    project.edit(file, old, new)
    before = project.path(file).read_text()
    output = project.run(*command, code=int(name != "format"))
    assert SAYS[name] in output
    # pre-commit fails where a hook has changed a file
    assert (project.path(file).read_text() != before) == (name == "format")


def test_the_lock_is_checked_where_a_stage_could_become_stale():
    stages = yaml.safe_load((pipeline.ROOT / "dvc.yaml").read_text())["stages"]
    code = {dep for stage in stages.values() for dep in stage["deps"] if not is_output(dep)}
    for file in {*code, "params.yaml", "dvc.yaml", "dvc.lock"}:
        assert re.search(HOOKS["lock"]["files"], file), file


def is_output(dep):
    return dep.startswith(("data/", "models", "metrics"))
