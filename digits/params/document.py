"""Validate params.yaml as a whole. No stage needs this: a stage validates what it reads."""

from typing import Any

from pydantic import create_model
from pydantic.json_schema import GenerateJsonSchema

from digits.errors import ParameterError
from digits.params import Section, nearest, read_document, validate
from digits.params.fetch import Fetch
from digits.params.preprocess import Preprocess
from digits.params.robustness import Robustness
from digits.params.train import Train
from digits.params.train_hidden import TrainHidden

SECTIONS: tuple[type[Section], ...] = (Fetch, Preprocess, Train, TrainHidden, Robustness)


def check(path: str) -> None:
    """Raise ParameterError unless the file holds these sections, all valid, and no other."""
    document = read_document(path)
    names = [schema.section for schema in SECTIONS]
    for name in document:
        if name not in names:
            raise ParameterError(f"{path}: unknown section '{name}'{nearest(name, names)}")
    for schema in SECTIONS:
        validate(path, document, schema)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the whole file, for editors; draft 2020-12, as pydantic writes it.

    It is a little wider than `check`: JSON Schema takes 5.0 for an integer, and knows no NaN.
    """
    fields: dict[str, Any] = {schema.section: (schema, ...) for schema in SECTIONS}
    whole = create_model(
        "params.yaml",
        __config__=Section.model_config,
        __doc__="Every knob that changes a result.",
        **fields,
    )
    return {"$schema": GenerateJsonSchema.schema_dialect, **whole.model_json_schema()}
