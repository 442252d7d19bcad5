"""Validate params.yaml as a whole, before any stage runs; mend what a killed DVC left.

With --lock, also that dvc.lock is up to date with the code and the parameters. This needs no data.
"""

import json
import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from digits.errors import DigitsError
from digits.params import document


def add_arguments(parser: ArgumentParser) -> None:
    """Add the check of dvc.lock; there is one params.yaml."""
    parser.add_argument("--lock", action="store_true", help="check dvc.lock, too")


def main(arguments: Namespace) -> None:
    """Raise DigitsError if params.yaml, or dvc.lock, is not as it should be."""
    mend(Path(".dvc/tmp/rwlock"))
    document.check("params.yaml")
    if arguments.lock:
        lock()


def mend(path: Path) -> None:
    """Remove DVC's list of who reads and writes what if it is cut off.

    DVC rewrites it in place. Where it was killed in the middle, every later `dvc repro` would end
    with "Unable to read RWLock-file"; without the file it begins a new one.
    """
    try:
        json.loads(path.read_bytes())
    except OSError:
        return
    except ValueError:
        path.unlink(missing_ok=True)
        print(f"removed {path}, which a killed dvc had left half written")


def lock() -> None:
    """Raise DigitsError if dvc.lock is of other code or parameters: name the stale stages.

    DVC exits 0 if a stage is stale, other than 0 if its data are not here either: its output says.
    """
    command = [sys.executable, "-m", "dvc", "repro", "--dry", "--allow-missing"]
    done = subprocess.run(command, capture_output=True, text=True)
    said = done.stdout + done.stderr
    stale = re.findall(r"^Running stage '(.+)':$|failed to reproduce '(.+?)'", said, re.MULTILINE)
    if stale:
        names = ", ".join(dict.fromkeys(one or other for one, other in stale))
        raise DigitsError(
            f"dvc.lock is not up to date: {names}, and what depends on it, would run again. "
            "`dvc repro`, then commit dvc.lock and metrics/"
        )
    if done.returncode:
        raise DigitsError(f"`dvc repro --dry --allow-missing` failed: {said.strip()}")
