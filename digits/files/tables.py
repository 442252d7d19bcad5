"""Write and read tables as CSV."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from digits.files.atomic import reading, replacing

if TYPE_CHECKING:
    import pandas as pd

FORMULA = tuple("=+-@'\t\r\uff1d\uff0b\uff0d\uff20")
"""How a text begins that a spreadsheet may compute, in letters of full width too."""


def write_csv(path: str, *tables: Any, **names: Sequence[str]) -> None:
    """Write tables below each other to `path` as CSV with a header. Raises OutputError.

    tables: columns by their names, or rows, as pandas.DataFrame takes them; numbers are rounded to
        6 decimals, NaN becomes an empty cell. names: by column, what to write for 0, 1, 2 ...
    A text that a spreadsheet may take for a formula gets an apostrophe before it.
    """
    import pandas as pd  # takes 0.3 s to import

    table = pd.concat(map(pd.DataFrame, tables)).round(6)
    for column, texts in names.items():
        table[column] = table[column].map(dict(enumerate(texts)))
    table = table.map(_as_text)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def read_csv(path: str, **numbers: Mapping[str, int]) -> "pd.DataFrame":
    """Return the table in the CSV file at `path`.

    numbers: by column, the number of each name in it. Raises ArtifactError if the file cannot be
    read, or holds another name.
    """
    import pandas as pd

    with reading(path):
        table = pd.read_csv(path, dtype=dict.fromkeys(numbers, str), keep_default_na=not numbers)
        for column, places in numbers.items():
            by_text = {_as_text(name): place for name, place in places.items()}
            table[column] = [by_text[name] for name in table[column]]
    return table


def _as_text(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
