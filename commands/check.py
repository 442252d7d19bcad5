"""Validate params.yaml as a whole, before any stage runs; mend what a killed DVC left."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from digits.params import document


def add_arguments(parser: ArgumentParser) -> None:
    """Add nothing: there is one params.yaml."""


def main(arguments: Namespace) -> None:
    """Raise ParameterError if params.yaml is not as it should be."""
    mend(Path(".dvc/tmp/rwlock"))
    document.check("params.yaml")


def mend(lock: Path) -> None:
    """Remove DVC's list of who reads and writes what if it is cut off.

    DVC rewrites it in place. Where it was killed in the middle, every later `dvc repro` would end
    with "Unable to read RWLock-file"; without the file it begins a new one.
    """
    try:
        json.loads(lock.read_bytes())
    except OSError:
        return
    except ValueError:
        lock.unlink(missing_ok=True)
        print(f"removed {lock}, which a killed dvc had left half written")
