"""Parse YAML as DVC does, so that a parameter means the same to both."""

import re
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from digits.errors import ParameterError


class Loader(yaml.CSafeLoader):
    """PyYAML's fast safe loader, with the scalars of YAML 1.2's core schema.

    PyYAML itself reads YAML 1.1, where `yes` is true, `010` is 8, `1:30` is 90, and the `1e-05`
    that `dvc exp run -S` writes is text. The forms are those of ruamel.yaml, DVC's parser.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own name and form)
        first: [pair for pair in pairs if pair[0][-4:] not in ("bool", ":int", "loat")]
        for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


SCALARS = {
    "bool": ("tTfF", "true|True|TRUE|false|False|FALSE"),
    "float": (
        "-+0123456789.",
        r"[-+]?[0-9][0-9_]*(\.[0-9_]*([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)"
        r"|[-+]?\.[0-9_]+([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    ),
    "int": ("-+0123456789", "[-+]?(0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)"),
}
for kind, (letters, form) in SCALARS.items():
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^({form})$"), letters)


def _integer(loader: Loader, node: yaml.ScalarNode) -> int:
    text = node.value.replace("_", "")
    return int(text, {"0b": 2, "0o": 8, "0x": 16}.get(text.lstrip("+-")[:2], 10))


def _mapping(loader: Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    """Build a mapping. Raises ConstructorError at a key that is there twice."""
    keys: list[Any] = []
    for key, _ in node.value:
        if key.tag != "tag:yaml.org,2002:merge":
            keys.append(loader.construct_object(key, deep=True))
            if keys[-1] in keys[:-1]:
                raise yaml.YAMLError(f"the key {keys[-1]!r} is there twice{key.start_mark}")
    loader.flatten_mapping(node)
    return dict(loader.construct_mapping(node, deep=True))


Loader.add_constructor("tag:yaml.org,2002:int", _integer)
Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse(text: str, path: str) -> Any:
    """Return the value of a YAML text, the content of `path`. Raises ParameterError."""
    try:
        starts, ends = yaml.CollectionStartEvent, yaml.CollectionEndEvent
        events = yaml.parse(text, Loader)
        steps = (isinstance(event, starts) - isinstance(event, ends) for event in events)
        if any(depth > 100 for depth in accumulate(steps)):  # the C parser knows no limit
            raise yaml.YAMLError("it is nested more than 100 levels deep")
        return yaml.load(text, Loader)  # noqa: S506 (it is a safe loader)
    except Exception as fault:  # YAMLError, but also what its constructors stumble over
        raise ParameterError(f"{path} is not valid YAML: {fault}") from None


def read_document(path: str) -> dict[str, Any]:
    """Return the sections of the YAML file at `path`. Raises ParameterError."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise ParameterError(f"{path} cannot be read: {fault}") from None
    document = parse(text, path)
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        found = "nothing" if document is None else f"a {type(document).__name__}"
        raise ParameterError(f"{path}: expected sections (name: keys and values), got {found}")
    return document


def leaves(node: Any, name: str = "") -> dict[str, Any]:
    """Return the values of nested dicts by their dotted names; a list is one value."""
    if not isinstance(node, dict):
        return {name: node}
    parts = [leaves(child, f"{name}.{key}" if name else str(key)) for key, child in node.items()]
    return {key: value for part in parts for key, value in part.items()}
