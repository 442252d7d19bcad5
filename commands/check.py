"""Validate params.yaml as a whole, before any stage runs; mend what a killed DVC left.

With --lock, also that dvc.lock is up to date with the code and the parameters. This needs no data.
"""

import json
import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from digits.errors import DigitsError
from digits.files import write_bytes
from digits.params import document


def add_arguments(parser: ArgumentParser) -> None:
    """Add the check of dvc.lock; there is one params.yaml."""
    parser.add_argument("--lock", action="store_true", help="check dvc.lock, too")


def main(arguments: Namespace) -> None:
    """Raise DigitsError if params.yaml, or dvc.lock, is not as it should be."""
    mend_rwlock(Path(".dvc/tmp/rwlock"))
    mend_dvc_lock(Path("dvc.lock"))
    document.check("params.yaml")
    if arguments.lock:
        lock()


def mend_rwlock(path: Path) -> None:
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


def mend_dvc_lock(path: Path) -> None:
    """Restore the committed dvc.lock if it is cut off; remove it where none is committed.

    DVC rewrites it in place. Where it was killed in the middle, every later `dvc repro` would end
    with "'./dvc.lock' validation failed". What the file had of newer runs, DVC finds again in its
    run-cache. A file with conflict markers is left for git.
    """
    command = ["git", "show", f"HEAD:./{path}"]
    try:
        content = path.read_bytes()
        committed = subprocess.run(command, capture_output=True).stdout
    except OSError:  # no such file, or no git
        return
    if (content and content == committed) or b"<<<<<<< " in content or is_lock(content):
        return
    if is_lock(committed):
        write_bytes(str(path), committed)
        print(f"restored the committed {path}: a killed dvc had left it half written")
    else:
        path.unlink()
        print(f"removed {path}, which a killed dvc had left half written")


def is_lock(content: bytes) -> bool:
    """Say whether DVC accepts `content` as a dvc.lock."""
    from dvc.dvcfile import Lockfile  # slow, and seldom needed
    from dvc.utils.strictyaml import YAMLValidationError

    try:
        Lockfile.validate(YAML(typ="safe").load(content))
    except (YAMLError, YAMLValidationError):
        return False
    return True


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
