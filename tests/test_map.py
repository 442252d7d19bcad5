"""dvc.yaml against the code: the modules that each stage reaches, and what it must not see."""

import ast
from pathlib import Path

import pytest
import yaml

from digits.cli.parameters import sections

SILENT = {
    "digits/environment.py": "which variables are heeded: none that changes a result",
    "digits/errors.py": "the exceptions: whether a stage fails, not what it writes",
    "digits/process.py": "how a stage ends: its messages, its exit code, signals",
    "digits/progress.py": "the bar in a terminal",
    "digits/params/messages.py": "what a wrong parameter is told",
}
"""Modules that stages reach and dvc.yaml leaves out: none of them changes a result."""
MAP = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load(Path("params.yaml").read_text())
MODELS = PARAMS["models"]
AFTER = {"evaluate", "robustness", "report"}
"""Training."""


def module_file(name):
    """The file of a module of this repository, or None."""
    path = Path(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def nodes(tree):
    """The nodes of a module, in functions too, but for what only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from nodes(node)


def imported(file):
    """The modules of this repository that a file imports, anywhere in it, and their packages."""
    for node in nodes(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports are not followed here"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[: end + 1]) for end in range(len(parts)))


def reached(module):
    """The files that are run when `module` is imported: its own and all that they import."""
    found, left = set(), [module, module.split(".")[0]]
    while left:
        file = module_file(left.pop())
        if file and file not in found:
            found.add(file)
            left += imported(file)
    return {file.as_posix() for file in found}


def outputs(stage):
    """What a stage writes: kind, path, and the options it is declared with."""
    for kind in ("outs", "metrics", "plots"):
        for out in stage.get(kind, []):
            path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
            yield kind, path, options


@pytest.mark.parametrize("stage", MAP)
def test_a_stage_lists_the_modules_it_reaches_and_no_other(stage):
    assert MAP[stage]["cmd"] == f"python -m stages.{stage}"
    listed = [dep for dep in MAP[stage]["deps"] if dep.endswith(".py")]
    assert set(listed) == reached(f"stages.{stage}") - set(SILENT)
    assert len(listed) == len(set(listed))


def test_the_modules_that_are_left_out_are_reached():
    everything = set().union(*(reached(f"stages.{stage}") for stage in MAP))
    assert set(SILENT) <= everything


def test_imports_inside_functions_are_followed_and_those_for_type_checkers_are_not(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for folder in ("digits", "stages"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "stages/one.py").write_text("def main():\n    from digits import deep\n")
    (tmp_path / "digits/deep.py").write_text(
        "import digits.deeper\nif TYPE_CHECKING:\n    import digits.alone\n"
    )
    (tmp_path / "digits/deeper.py").touch()
    (tmp_path / "digits/alone.py").touch()
    assert reached("stages.one") == {
        "stages/__init__.py",
        "stages/one.py",
        "digits/__init__.py",
        "digits/deep.py",
        "digits/deeper.py",
    }


def test_the_contractual_stages_are_there():
    assert {"fetch", "preprocess", "train_basic", "train_hidden", "evaluate"} <= set(MAP)


def test_the_test_set_is_read_by_no_training_and_by_nothing_that_one_reads():
    """Once it is apart from the training digits, which preprocess does."""
    makes = {path: name for name, stage in MAP.items() for _, path, _ in outputs(stage)}
    left = [name for name in MAP if name.startswith("train_")]
    assert left
    while left:
        deps = MAP[left.pop()]["deps"]
        assert not any("test" in dep for dep in deps if dep.startswith(("data/", "metrics/")))
        left += {makes[dep] for dep in deps if dep in makes} - {"preprocess"}


def test_each_model_is_written_by_its_stage_and_read_by_what_follows():
    for model in MODELS:
        path = f"models/{model}.keras"
        made = [name for name, stage in MAP.items() if path in stage.get("outs", [])]
        assert made == [f"train_{model}"]
        assert {name for name, stage in MAP.items() if path in stage["deps"]} == AFTER


def test_metrics_and_tables_of_the_size_of_a_page_are_in_git_and_the_rest_in_the_cache():
    for stage in MAP.values():
        for kind, path, options in outputs(stage):
            in_git = kind == "metrics" or path.endswith(".csv")
            assert options.get("cache", True) != in_git, path


def test_no_output_of_a_stage_for_all_models_names_one():
    for name, stage in MAP.items():
        if not name.startswith("train_"):
            for _, path, _ in outputs(stage):
                assert not any(model in path for model in MODELS), path


def test_every_section_of_params_yaml_has_a_schema_and_a_stage_that_reads_it():
    assert set(sections()) == set(PARAMS)
    read = [name for stage in MAP.values() for name in stage.get("params", [])]
    assert {name.split(".")[0] for name in read if isinstance(name, str)} == set(PARAMS)
    assert MAP["report"]["params"] == [{"params.yaml": None}]  # the page shows them all
