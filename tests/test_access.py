"""Each stage reads what dvc.yaml declares, writes what it declares, and nothing else."""

import json

import pytest

from tests.pipeline import MAP, STAGES, outputs

OWN = {"train.epochs", "train.batch_size", "train.learning_rate"}
"""Shared parameters that a model may have among its own: then only these are declared."""


@pytest.fixture(scope="module")
def seen(built):
    """What each stage opened when all were run, by hand, for the first time."""
    return json.loads(built.folder.with_name("watched.json").read_text())


def beneath(names, places):
    """Replace each name that lies in one of the places by that place."""
    return {
        next((place for place in places if f"{name}/".startswith(f"{place}/")), name)
        for name in names
    }


def data(names):
    """Those that are no code, whose reading tests/test_map.py holds to the imports."""
    return {name for name in names if not name.startswith(("digits/", "stages/"))}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_opens_exactly_the_files_that_it_declares(seen, stage):
    written = {
        name
        for name in seen[stage]["written"]
        if not name.endswith(".tmp")
        and not name.startswith(".training/")  # a checkpoint, where a training takes a minute
    }
    assert beneath(written, outputs(stage)) == set(outputs(stage))
    wanted = data(MAP[stage]["deps"])
    read = data(seen[stage]["read"]) - {"params.yaml", "dvc.yaml"}  # DVC looks into them itself
    assert beneath(read, wanted) == wanted


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_exactly_the_parameters_that_it_declares(built, seen, stage):
    values, names = built.read("params.yaml"), MAP[stage].get("params", [])
    declared = {
        name if "." in name else f"{name}.{key}"
        for name in names
        if isinstance(name, str)
        for key in (values[name] if isinstance(values.get(name), dict) else ["root"])
    }
    assert ("params.yaml" in seen[stage]["read"]) == bool(names)
    if {"params.yaml": None} in names:  # the page shows them all
        return
    # Optional keys of a model's own section, in place of those of `train`, need not be there
    optional = {name for name in seen[stage]["parameters"] if name.startswith("train_")} - declared
    absent = {
        name for name in optional if name.split(".")[1] not in values.get(name.split(".")[0], {})
    }
    read = set(seen[stage]["parameters"]) - absent
    own = {f"train.{name.split('.')[1]}" for name in declared if name.startswith("train_")} & OWN
    assert read - own <= declared
    pictures = {
        f"fetch.{key}" for key in ("size", "colour", "held_out", "seed")
    }  # of folders alone
    assert declared - read <= pictures
