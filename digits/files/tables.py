"""Tables as CSV."""

import csv
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import ArtifactError
from digits.files.atomic import replacing

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 8_192
"""Rows rounded and written together."""


def write_csv(path: str, columns: Mapping[str, Any], **names: Sequence[str]) -> None:
    """Write columns of equal length to `path` as CSV with a header.

    names: of columns of numbers, by which names these are replaced: `read_csv` takes them back.
    Numbers are rounded to 6 decimals, so that their last bits do not show; NaN is an empty cell.
    Raises OutputError.
    """
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for start in range(0, len(next(iter(arrays.values()))), CHUNK):
            parts = ((array[start : start + CHUNK], names.get(n)) for n, array in arrays.items())
            writer.writerows(zip(*(_cells(*part) for part in parts), strict=True))


def _cells(values: np.ndarray[Any, Any], names: Sequence[str] | None) -> list[Any]:
    if names is not None:
        return [names[place] for place in values.tolist()]
    if values.dtype.kind != "f":
        return list(values.tolist())
    return ["" if value != value else value for value in values.round(6).tolist()]


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows, of which each has the same keys, into columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def stacked(tables: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Put tables below each other; a first column `name` holds the key of each."""
    parts = [{name: [key] * len(next(iter(t.values()))), **t} for key, t in tables.items()]
    return {column: np.concatenate([part[column] for part in parts]) for column in parts[0]}


def read_csv(path: str, **places: Mapping[str, int]) -> "pd.DataFrame":
    """Return the table in the CSV file at `path`.

    places: of columns of names, by which numbers these are replaced. Raises ArtifactError if there
    is no table, or another name in it.
    """
    import pandas as pd  # slow, and who writes tables does not need it

    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(places, str), keep_default_na=not places)
        return table.assign(
            **{
                column: [numbers[name] for name in table[column]]
                for column, numbers in places.items()
            }
        )
    except KeyError as other:
        raise ArtifactError(f"{path}: {other} is unknown. `dvc repro` rebuilds it.") from None
    except (OSError, ValueError) as fault:
        raise ArtifactError(f"{path} cannot be read: {fault}. `dvc repro` rebuilds it.") from None
