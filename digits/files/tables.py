"""Tables as CSV."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from digits.errors import ArtifactError
from digits.files.atomic import replacing

CHUNK = 8_192
"""Rows rounded and written together."""


def write_csv(path: str, rows: Any) -> None:
    """Write `rows`, a list of dicts or a dict of columns, to `path` as CSV with a header.

    Numbers are rounded to 6 decimals, so that their last bits do not show; NaN is an empty cell.
    Raises OutputError.
    """
    table = pd.DataFrame(rows, copy=False)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        for start in range(0, max(len(table), 1), CHUNK):
            part = table.iloc[start : start + CHUNK].round(6)
            part.to_csv(file, header=start == 0, index=False, lineterminator="\n")


def stacked(tables: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Put tables below each other; a first column `name` holds the key of each."""
    parts = {key: pd.DataFrame(table) for key, table in tables.items()}
    return pd.concat(parts, names=[name]).reset_index(level=0)


def read_csv(path: str) -> pd.DataFrame:
    """Return the table in the CSV file at `path`. Raises ArtifactError if it has none."""
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as fault:
        raise ArtifactError(f"{path} cannot be read: {fault}. `dvc repro` rebuilds it.") from None
