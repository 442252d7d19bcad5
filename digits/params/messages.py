"""Say what is wrong with a parameter: which key, what is expected, what was found."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from reprlib import Repr
from typing import Any

EXPECTED = {
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "string_pattern_mismatch": "text of the form {pattern}",
    "string_too_short": "text of {min_length} letters or more",
    "too_short": "{min_length} values or more",
    "value_error": "{error}",
}
"""By pydantic's type of the error, where its own words do not do; in braces: of its context."""

_REPR = Repr()
_REPR.maxstring = _REPR.maxother = 60


def explain(section: str, fault: Mapping[str, Any], keys: Iterable[str]) -> str:
    """Turn one of pydantic's errors in a section, which may have `keys`, into a line."""
    key = ".".join([section, *map(str, fault["loc"])])
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key{nearest(fault['loc'][-1], keys)}"
    if fault["type"] == "missing":
        return f"{key}: key is missing"
    own = fault["msg"].removeprefix("Input should be ")
    expected = EXPECTED.get(fault["type"], own).format(**fault.get("ctx", {}))
    return f"{key}: expected {expected}, got {_show(fault['input'])}"


def nearest(name: object, valid: Iterable[object]) -> str:
    """Say which of the `valid` names is meant, or else what they are."""
    names = [str(key) for key in valid]
    if close := get_close_matches(str(name), names, n=1):
        return f"; did you mean '{close[0]}'?"
    return f"; there are: {', '.join(names)}"


def _show(value: object) -> str:
    """Show a value in 60 characters: with reprlib, since repr of nested aliases has no end."""
    try:
        text = "null" if value is None else _REPR.repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
