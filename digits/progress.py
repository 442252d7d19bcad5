"""Show how far a long loop has come: a bar in a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


@contextmanager
def progress(name: str, total: int, unit: str) -> Iterator[Callable[[int], object]]:
    """Yield a function to call with the number of units just done; show rate and time left."""
    lines: dict[str, Any] = {}
    if not sys.stderr.isatty():
        form = "{desc}: {n_fmt} of {total_fmt} [{elapsed}<{remaining}, {rate_fmt}]\n"
        lines = {"mininterval": 10, "delay": 10, "bar_format": form}  # seconds
    with tqdm(
        total=total or None, desc=name, unit=unit, unit_scale=True, leave=False, **lines
    ) as bar:
        yield bar.update
