"""dvc.yaml against the code: the modules that each stage reaches, and what it must not see."""

import ast
from pathlib import Path

import pytest
import yaml

from digits.params.document import SECTIONS

TABLES = tuple(
    f"metrics/{name}" for name in ("history_", "classes_", "calibration_", "robustness.csv")
)
MAP = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]


def module_file(name):
    """The file of a module of this repository, or None."""
    path = Path(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def imported(file):
    """The modules of this repository that a file imports, anywhere in it, and their packages."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports are not followed here"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] in ("digits", "stages"):
                parts = name.split(".")
                yield from (".".join(parts[: end + 1]) for end in range(len(parts)))


def reached(module):
    """The files that are run when `module` is imported: its own and all that they import."""
    found, left = set(), [module, *(str(parent) for parent in [module.split(".")[0]])]
    while left:
        file = module_file(left.pop())
        if file and file not in found:
            found.add(file)
            left += imported(file)
    return {file.as_posix() for file in found}


def code_deps(stage):
    return {dep for dep in MAP[stage]["deps"] if dep.endswith(".py")}


@pytest.mark.parametrize("stage", MAP)
def test_a_stage_lists_the_modules_it_reaches_and_no_other(stage):
    assert MAP[stage]["cmd"] == f"python -m stages.{stage}"
    assert code_deps(stage) == reached(f"stages.{stage}")


def test_an_import_inside_a_function_is_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("digits", "stages"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "stages/one.py").write_text("def main():\n    from digits import deep\n")
    (tmp_path / "digits/deep.py").write_text("import digits.deeper\n")
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


@pytest.mark.parametrize("stage", MAP)
def test_only_what_comes_after_training_reads_the_test_set_once_it_is_processed(stage):
    reads = {dep for dep in MAP[stage]["deps"] if dep.startswith("data/processed/test")}
    assert bool(reads) == (stage in ("evaluate", "robustness"))
    assert not reads or "models/basic.keras" in MAP[stage]["deps"]


def test_metrics_and_histories_are_in_git_and_the_rest_in_the_cache():
    for stage in MAP.values():
        for kind in ("outs", "metrics", "plots"):
            for out in stage.get(kind, []):
                path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
                in_git = kind == "metrics" or path.startswith(TABLES)
                assert options.get("cache", True) != in_git, path


def test_digits_knows_neither_the_stages_nor_dvc():
    for file in set(Path("digits").rglob("*.py")) - {Path("digits/__main__.py")}:
        tree = ast.parse(file.read_text())
        names = [
            alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
        ]
        names += [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        assert not {name.split(".")[0] for name in names} & {"commands", "stages", "dvc"}, file


def test_every_section_of_params_yaml_has_a_schema_and_a_stage_that_reads_it():
    sections = {schema.section for schema in SECTIONS}
    assert sections == set(yaml.safe_load(Path("params.yaml").read_text()))
    assert sections == {name for stage in MAP.values() for name in stage.get("params", [])}
