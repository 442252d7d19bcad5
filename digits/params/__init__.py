"""Read a section of params.yaml and validate it before any work is done with it.

Each section has its schema in a file of this folder, or in the file of the model that reads it.
"""

from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from digits.errors import ParameterError
from digits.messages import explain, nearest
from digits.params.document import read_document


class Section(BaseModel):
    """A section of the file: every key required, none unknown, no conversion of types.

    section: its name in params.yaml: `class TrainParams(Section, section="train")`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
    section: ClassVar[str]

    def __init_subclass__(cls, section: str = "", **config: Any) -> None:
        """Set the name of the section; a class for others to extend has none."""
        super().__init_subclass__(**config)
        cls.section = section


S = TypeVar("S", bound=BaseModel)


def read_params(schema: type[S], path: str = "params.yaml") -> S:
    """Return the section that `schema` describes, of a YAML file. Raises ParameterError."""
    return validate(read_document(path), schema, path)


def validate(document: dict[str, Any], schema: type[S], path: str = "params.yaml") -> S:
    """Return the section that `schema` describes, of the content of `path`.

    Raises ParameterError with one message for all faults of the section.
    """
    name = schema.section  # type: ignore[attr-defined]
    if name not in document and is_required(schema):
        raise ParameterError(f"{path}: section '{name}' is missing{nearest(name, document)}")
    try:
        return schema.model_validate(document.get(name, {}))
    except ValidationError as invalid:
        faults = [explain(name, dict(fault), schema.model_fields) for fault in invalid.errors()]
        raise ParameterError("\n  ".join([f"{path} cannot be used:", *faults])) from None


def is_required(schema: type[BaseModel]) -> bool:
    """Tell whether a section must be there: it has a key that must."""
    return any(field.is_required() for field in schema.model_fields.values())
