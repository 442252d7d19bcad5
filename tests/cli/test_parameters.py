"""The JSON Schema by which editors check params.yaml: current, and agreed with the real check."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from digits.cli import parameters
from digits.errors import ParameterError

PATH = Path("params.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(PATH.read_text()))
GOOD = Path("params.yaml").read_text()


def sections(schema):
    """Each section's part of a schema, by the name of the section."""
    parts = schema["properties"].items()
    return {name: schema["$defs"].get(part.get("$ref", "")[8:], part) for name, part in parts}


def test_the_committed_schema_is_the_one_that_the_module_prints():
    """But for the sections of models that were added or removed, which editors alone miss."""
    committed, printed = sections(VALIDATOR.schema), sections(parameters.json_schema())
    command = f"run: python -m digits.cli.parameters > {PATH}"
    for name in committed.keys() & printed.keys():
        assert committed[name] == printed[name], command
    assert all(name.startswith("train_") for name in committed.keys() ^ printed.keys()), command


def test_it_is_a_schema_and_the_first_line_of_params_yaml_names_it():
    VALIDATOR.check_schema(VALIDATOR.schema)
    VALIDATOR.validate(yaml.safe_load(GOOD))
    for section in VALIDATOR.schema["$defs"].values():
        assert all(field["description"] for field in section.get("properties", {}).values())
    assert GOOD.splitlines()[0] == f"# yaml-language-server: $schema={PATH}"


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        ("epochs: 5", "epoch: 5", "train", "'epoch' was unexpected"),
        ("  epochs: 5\n", "", "train", "'epochs' is a required property"),
        ("epochs: 5", "epochs: '5'", "train.epochs", "'5' is not of type 'integer'"),
        ("sha256: null", "sha256: zz", "fetch.sha256", "'zz' is not valid under any"),
        ("prepare: mnist", "prepare: none at all", "fetch.prepare", "'none at all' is not one of"),
        ("train_hidden:", "train_deep:", "", "'train_hidden' is a required property"),
    ],
)
def test_what_the_check_refuses_the_schema_refuses_too(tmp_path, old, new, path, message):
    assert old in GOOD
    bad = tmp_path / "params.yaml"
    bad.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ParameterError):
        parameters.check(str(bad))
    faults = list(VALIDATOR.iter_errors(yaml.safe_load(bad.read_text())))
    found = [(".".join(map(str, fault.absolute_path)), fault.message) for fault in faults]
    assert any(path == where and message in what for where, what in found), found
