"""Read a section of params.yaml and validate it before any work is done with it.

Each section has its schema in the file of its name in this folder. They are apart so that a
change to one makes only the stages stale that read it.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from reprlib import Repr
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML

from digits.errors import ParameterError


class Section(BaseModel):
    """The typed form of one section: every key required, none unknown, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    section: ClassVar[str]
    """Its name in params.yaml."""


_REPR = Repr()
_REPR.maxstring = _REPR.maxother = 60

S = TypeVar("S", bound=Section)


def read(path: str, schema: type[S]) -> S:
    """Return the section of the YAML file at `path` that `schema` describes.

    Raises ParameterError: unreadable file, section or key missing, unknown key, wrong type,
    value out of range; one message for all that is wrong with the section.
    """
    return validate(path, read_document(path), schema)


def validate(path: str, document: dict[str, Any], schema: type[S]) -> S:
    """Return the section of `document` (the content of `path`) that `schema` describes.

    Raises ParameterError.
    """
    name = schema.section
    if name not in document:
        raise ParameterError(f"{path}: section '{name}' is missing{nearest(name, document)}")
    try:
        return schema.model_validate(document[name])
    except ValidationError as invalid:
        faults = [_explain(fault, schema) for fault in invalid.errors()]
        raise ParameterError("\n".join([f"{path} cannot be used:", *faults])) from None


def read_document(path: str) -> dict[str, Any]:
    """Parse a YAML 1.2 file with the parser DVC uses, so that both see the same values."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ParameterError(f"{path} cannot be read: {fault}") from None
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except Exception as fault:  # YAMLError, but also what its constructors stumble over
        raise ParameterError(f"{path} is not valid YAML: {fault}") from None
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise ParameterError(
            f"{path}: expected sections (name: keys and values), got {_show(document)}"
        )
    return document


def _explain(fault: ErrorDetails, schema: type[Section]) -> str:
    """Turn one of pydantic's errors into a line: which key, what is expected, what was found."""
    key = ".".join([schema.section, *map(str, fault["loc"])])
    if fault["type"] == "extra_forbidden":
        return f"  {key}: unknown key{nearest(str(fault['loc'][-1]), schema.model_fields)}"
    if fault["type"] == "missing":
        return f"  {key}: key is missing"
    if fault["type"] == "model_type":
        return f"  {key}: expected keys and values, got {_show(fault['input'])}"
    expected = (
        fault["msg"].replace("Input should be", "expected").replace("String should", "should")
    )
    return f"  {key}: {expected}, got {_show(fault['input'])}"


def nearest(name: object, valid: Iterable[object]) -> str:
    """Say which of the `valid` names is meant, or else what they are."""
    close = get_close_matches(str(name), [str(key) for key in valid], n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there are: {', '.join(map(str, valid))}"


def _show(value: object) -> str:
    """Show a value in 60 characters: with reprlib, since repr of nested aliases has no end."""
    try:
        text = "null" if value is None else _REPR.repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
