"""dvc.yaml names exactly the folders that the code of each stage comes from."""

from pathlib import Path

import grimp
import pytest
import yaml

from digits.cli.parameters import sections

MAP = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load(Path("params.yaml").read_text())


GRAPH = grimp.build_graph(
    "digits", "stages", exclude_type_checking_imports=True, cache_dir=None
)  # imports within functions, too


def source(module):
    """What dvc.yaml names for a module: its folder, or its file where files are named."""
    top, *names = module.split(".")
    if (top == "stages" and names) or (names[:1] == ["models"] and names[1:]):
        return f"{module.replace('.', '/')}.py"
    folder = Path(top, *names[:1])
    return folder.as_posix() if names and folder.is_dir() else None  # else it changes no result


def outputs(stage):
    """What a stage writes: kind, path, and the options it is declared with."""
    for kind in ("outs", "metrics", "plots"):
        for out in stage.get(kind, []):
            path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
            yield kind, path, options


@pytest.mark.parametrize("stage", MAP)
def test_a_stage_names_the_folders_that_its_imports_reach_and_no_other(stage):
    python, option, module, *model = MAP[stage]["cmd"].split()
    assert (python, option) == ("python", "-m")
    modules = {module, *(f"digits.models.{name}" for name in model)}
    reached = modules.union(*map(GRAPH.find_upstream_modules, modules))
    wanted = {*map(source, reached)} - {None, "digits/models"}
    assert [dep for dep in MAP[stage]["deps"] if dep.startswith("stages/")] == [
        f"{module.replace('.', '/')}.py"
    ]
    listed = {dep for dep in MAP[stage]["deps"] if dep.startswith(("digits", "stages"))}
    registering = {f"digits/models/{name}.py" for name in PARAMS["models"]}  # found by their names
    assert (listed if model else listed - registering) == wanted


def test_each_model_has_a_stage_and_each_training_stage_has_a_model():
    assert {"fetch", "preprocess", "train_basic", "train_hidden", "evaluate"} <= set(MAP)
    trained = {name for name in MAP if name.startswith("train_")}
    assert trained >= {f"train_{model}" for model in PARAMS["models"]}
    for name in trained:
        model = name.removeprefix("train_")
        assert MAP[name]["cmd"] == f"python -m stages.train {model}"
        assert MAP[name]["outs"] == [f"models/{model}.keras"]
    wanted = {f"models/{model}.keras" for model in PARAMS["models"]}
    for name in ("evaluate", "robustness", "report"):
        assert {dep for dep in MAP[name]["deps"] if dep.startswith("models")} == wanted


def test_the_test_set_is_read_by_no_training_and_by_nothing_that_one_reads():
    """Once it is apart from the training images, which preprocess does."""
    makes = {path: name for name, stage in MAP.items() for _, path, _ in outputs(stage)}
    left = [name for name in MAP if name.startswith("train_")]
    assert left
    while left:
        deps = MAP[left.pop()]["deps"]
        assert not any("test" in dep for dep in deps if dep.startswith(("data/", "metrics/")))
        left += {makes[dep] for dep in deps if dep in makes} - {"fetch", "preprocess"}


def test_metrics_and_tables_of_the_size_of_a_page_are_in_git_and_the_rest_in_the_cache():
    for stage in MAP.values():
        for kind, path, options in outputs(stage):
            in_git = kind == "metrics" or (path.startswith("metrics/") and "." in path)
            assert options.get("cache", True) != in_git, path


def test_every_section_of_params_yaml_has_a_schema_and_a_stage_that_reads_it():
    assert set(sections()) >= set(PARAMS)
    read = [name for stage in MAP.values() for name in stage.get("params", [])]
    assert {name.split(".")[0] for name in read if isinstance(name, str)} == set(PARAMS)
    assert MAP["report"]["params"] == [{"params.yaml": None}]  # the page shows them all
