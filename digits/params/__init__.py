"""Read a section of params.yaml and validate it before any work is done with it.

Each section has its schema in the file of its name in this folder, or in that of the model whose
section it is. They are apart so that a change to one makes only the stages stale that read it.
"""

from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from digits.errors import ParameterError
from digits.params.document import read_document
from digits.params.messages import explain, nearest


class Section(BaseModel):
    """The typed form of one section: every key required, none unknown, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    section: ClassVar[str]
    """Its name in params.yaml: `class Train(Section, section="train")`."""

    def __init_subclass__(cls, section: str, **config: Any) -> None:
        """Take the name."""
        super().__init_subclass__(**config)
        cls.section = section


S = TypeVar("S", bound=BaseModel)


def read_params(schema: type[S], path: str = "params.yaml") -> S:
    """Return the section of the YAML file at `path` that `schema`, a Section, describes.

    Raises ParameterError: unreadable file, section or key missing, unknown key, wrong type,
    value out of range; one message for all that is wrong with the section.
    """
    return validate(read_document(path), schema, path)


def validate(document: dict[str, Any], schema: type[S], path: str = "params.yaml") -> S:
    """Return the section of `document`, the content of `path`, that `schema` describes.

    Raises ParameterError.
    """
    name = schema.section  # type: ignore[attr-defined]
    if name not in document:
        raise ParameterError(f"{path}: section '{name}' is missing{nearest(name, document)}")
    try:
        return schema.model_validate(document[name])
    except ValidationError as invalid:
        faults = [explain(name, dict(fault), schema.model_fields) for fault in invalid.errors()]
        raise ParameterError("\n  ".join([f"{path} cannot be used:", *faults])) from None
