"""The JSON Schema by which editors check params.yaml."""

import json
from pathlib import Path

import jsonschema
import yaml

from digits.cli import parameters

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
