"""Parse YAML by the parser that DVC uses, so that a parameter means the same to both."""

from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from digits.errors import ParameterError

MAX_DEPTH = 100  # levels of nesting; the C parser recurses without a limit, until it crashes
MAX_NODES = 20_000  # values and keys, aliases expanded; a mapping's time grows with their square


def parse(text: str, path: str) -> Any:
    """Return the value of a YAML text, the content of `path`. Raises ParameterError."""
    try:
        _check_size(text)
        return YAML(typ="safe").load(text)
    except MarkedYAMLError as fault:
        reason = f"{fault.problem}{fault.problem_mark or ''}"
    except MemoryError:
        raise
    except Exception as fault:  # the constructors of dates and numbers raise errors of many types
        reason = str(fault)
    raise ParameterError(f"{path} is not valid YAML: {reason}")


def _check_size(text: str) -> None:
    """Raise ValueError beyond MAX_DEPTH or MAX_NODES, so that the parser needs little time."""
    count, sizes, parents = 0, dict[str | None, int](), list[tuple[str | None, int]]()
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            sizes[event.anchor] = MAX_NODES  # until it ends: a node within itself has no size
            parents.append((event.anchor, count))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, start = parents.pop()
            sizes[anchor] = count - start
        elif isinstance(event, yaml.AliasEvent):
            count += sizes.get(event.anchor, 0)
        count += 1
        if len(parents) > MAX_DEPTH or count > MAX_NODES:
            raise ValueError(f"it has more than {MAX_DEPTH} levels or {MAX_NODES:,} values")


def read_document(path: str) -> dict[str, Any]:
    """Return the sections of the YAML file at `path`. Raises ParameterError."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise ParameterError(f"{path} cannot be read: {fault}") from None
    document = parse(text, path)
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        got = "nothing" if document is None else f"a {type(document).__name__}"
        raise ParameterError(f"{path}: expected sections (name: keys and values), got {got}")
    return document


def leaves(node: Any, name: str = "") -> dict[str, Any]:
    """Return the values of nested dicts by their dotted names; a list is one value."""
    if not isinstance(node, dict):
        return {name: node}
    parts = [leaves(child, f"{name}.{key}" if name else str(key)) for key, child in node.items()]
    return {key: value for part in parts for key, value in part.items()}
