"""Show how far a long loop has come: a bar in a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from tqdm import tqdm

EVERY = 10.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def progress(name: str, total: int, unit: str) -> Iterator[Callable[[int], object]]:
    """Yield a function to call with the number of units just done; show rate and time left."""
    if sys.stderr.isatty():
        with tqdm(total=total or None, desc=name, unit=unit, unit_scale=True, leave=False) as bar:
            yield bar.update
        return
    done, start = 0, monotonic()
    printed = start

    def advance(units: int) -> None:
        nonlocal done, printed
        done, now = done + units, monotonic()
        if done < total and now - printed >= EVERY:
            rate = done / (now - start)
            left = (total - done) / rate
            line = f"{name}: {done:,} of {total:,}, {rate:,.0f}{unit}/s, {left:,.0f} s left"
            print(line, file=sys.stderr, flush=True)
            printed = now

    yield advance
