"""Explain what is wrong with a parameter; show names that others have given."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any
from unicodedata import bidirectional, category, normalize

JOINERS = "\u200c\u200d\u200e\u200f"  # join or part letters, or mark a word's direction


def explain(section: str, fault: Mapping[str, Any], keys: Iterable[str]) -> str:
    """Return one of pydantic's errors in a section as a line. keys: those that the section has."""
    key = ".".join([section, *map(str, fault["loc"])])
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key{nearest(fault['loc'][-1], keys)}"
    if fault["type"] == "missing":
        return f"{key}: key is missing"
    said = fault["msg"].replace("Input should be", "expected").removeprefix("Value error, ")
    return f"{key}: {said}, got {_show(fault['input'])}"


def nearest(name: object, valid: Iterable[object]) -> str:
    """Suggest the one of the `valid` names that `name` resembles, or list them all."""
    names = [str(key) for key in valid]
    if close := get_close_matches(str(name), names, n=1):
        return f"; did you mean '{close[0]}'?"
    return f"; there are: {', '.join(names)}"


def printable(text: object) -> str:
    """Return text in one line, with ? for what cannot be seen, such as control characters.

    Any kind of space becomes a plain one, a letter and its accent one letter where there is one.
    Joiners stay, without which some scripts are not read.
    """
    letters = (" " if category(x) == "Zs" else x for x in normalize("NFC", str(text)))
    return "".join(x if x.isprintable() or x in JOINERS else "?" for x in letters)


def isolated(name: str) -> str:
    """Mark a name that is read from right to left, so that the text around it keeps its order."""
    return f"\u2068{name}\u2069" if {"R", "AL"} & {*map(bidirectional, name)} else name


def _show(value: object) -> str:
    """Return `value` in at most 60 characters."""
    try:
        text = "null" if value is None else repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
