"""Validate params.yaml as a whole. No stage needs this: a stage validates what it reads.

`python -m digits.cli.parameters > params.schema.json` writes the JSON Schema by which editors
complete and check params.yaml; to be committed after a change of a schema.
"""

import json
from importlib import import_module
from typing import Any

from pydantic import BaseModel, create_model
from pydantic.json_schema import GenerateJsonSchema

from digits.errors import ParameterError
from digits.messages import nearest
from digits.params import Section, is_required, stages, validate
from digits.params.document import read_document
from digits.params.train import TrainParams, section_of


def sections() -> dict[str, type[BaseModel]]:
    """Return the schema of each section by its name: the pipeline's, and each model's own."""
    own = [section_of(import_module(f"digits.models.{name}")) for name in stages.available()]
    known: list[Any] = [stages.Models, stages.FetchParams, stages.PreprocessParams, TrainParams]
    known += [*own, stages.RobustnessParams]
    return {schema.section: schema for schema in known}


def check(path: str = "params.yaml") -> dict[str, Any]:
    """Return the sections of the file. Raises ParameterError unless all are valid and known."""
    document, schemas = read_document(path), sections()
    for name in document:
        if name not in schemas:
            raise ParameterError(f"{path}: unknown section '{name}'{nearest(name, schemas)}")
    for schema in schemas.values():
        validate(document, schema, path)
    for name in document["models"]:
        if name not in (names := stages.available()):
            raise ParameterError(
                f"{path}: models: there is no digits/models/{name}.py with a function build"
                f"{nearest(name, names)}"
            )
    return document


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the whole file, draft 2020-12. It takes 5.0 for an integer."""
    fields: dict[str, Any] = {
        name: schema if is_required(schema) else (schema, None)
        for name, schema in sections().items()
    }
    doc = "Every knob that changes a result."
    whole = create_model("params.yaml", __config__=Section.model_config, __doc__=doc, **fields)
    return {"$schema": GenerateJsonSchema.schema_dialect, **whole.model_json_schema()}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
