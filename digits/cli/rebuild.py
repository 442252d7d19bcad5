"""Run the stages again and compare with what is committed.

`dvc repro --force` runs in a temporary clone of the last commit, with DVC's cache of this project.
Every stage must run there, and all files that git has, dvc.lock and metrics/ among them, must
become those of the commit. Otherwise the differences are listed, and the exit code is 1. Only where
the same bytes are not promised (another system, processor, C library or version of a library;
docs/same-bytes.md) are the metrics compared within a tolerance instead.
"""

import json
import os
import platform
import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from dvc.config import Config

from digits.cli import git, lock
from digits.cli.lock import LOCK
from digits.cli.revisions import changes
from digits.errors import ArtifactError, DigitsError
from digits.evaluation.results import ANSWERS
from digits.params.document import leaves, parse, read_document

LIBRARIES = ("tensorflow", "keras", "numpy", "pandas", "dvc")
"""Libraries on which the results depend."""
C_LIBRARIES = ("glibc 2.36", "glibc 2.41")
"""Those with which the committed bytes came out: docs/same-bytes.md."""
TOLERANCE = {
    **dict.fromkeys(("accuracy", "macro_f1", "calibration_error"), 0.005),
    "errors": 50,
    "loss": 0.02,
}
"""The largest difference of a metric where the bytes may differ; of all others: none.

Far more than was seen on arm64 (docs/same-bytes.md), and less than a mistake makes."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what is rebuilt."""
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="these alone, not everything")


def main(arguments: Namespace) -> None:
    """Rebuild and say how it went. Raises DigitsError."""
    print(f"\nrebuild: {rebuild(*arguments.stages)}")


def rebuild(*stages: str) -> str:
    """Run all stages, or only `stages`; return how the results agree with the committed ones.

    What DVC and the stages print goes to stderr. Raises ArtifactError if the results differ,
    DigitsError if nothing could be compared.
    """
    if LOCK not in git.committed():
        raise DigitsError(f"{LOCK} is not committed: `dvc repro`, then commit it and metrics/")
    cache = lock.cache()
    with git.cloned() as here:
        before = {path: git.content(None, path) for path in git.committed()}
        if differing := [x for x in before if before[x] != git.content(None, str(here / x))]:
            names = ", ".join(differing[:9] + ["others"] * (len(differing) > 9))
            raise DigitsError(f"not as in the last commit: {names}; commit or restore them first")
        with Config(".dvc").edit("local") as config:
            config.update(cache={"dir": str(cache)}, core={"site_cache_dir": "tmp/site-cache"})
        lock.check(*stages)  # else the rebuild would differ for sure
        _link_data(here)
        data = [path for path in before if path.endswith(".dvc")]
        if stages or data:
            _dvc("checkout", "--quiet", "--allow-missing", *([] if stages else data))
        locked = parse((before[LOCK] or b"").decode(), LOCK)["stages"].values()
        made = [out["path"] for stage in locked for out in stage.get("outs", ())]
        folders = ("metrics/", *(f"{path}/" for path in made))
        for path in [] if stages else before:  # what no stage writes will then be missing
            if f"{path}/".startswith(folders) and "/." not in path:
                Path(path).unlink()
        _dvc("repro", "--force", *(["--single-item", *stages] if stages else ["--all-pipelines"]))
        lock.check(*stages, built=True)
        differing = [path for path in before if before[path] != git.content(None, path)]
        said = _compare(before, differing) if differing else "the rebuild gave the committed bytes"
    if not differing and not stages and not all(map(os.path.exists, made)):
        with suppress(DigitsError):  # an output that was changed here stays
            _dvc("checkout", "--quiet", "--allow-missing")
    return said + "".join(f"; {path} is data that no stage makes" for path in data)


def _link_data(here: Path) -> None:
    """Let the clone find the user's own data, which may have a relative path, as `here` has it."""
    source = Path(str(leaves(read_document("params.yaml")).get("fetch.source")))
    if (here / source).exists() and not source.exists():
        source.parent.mkdir(parents=True, exist_ok=True)
        source.symlink_to((here / source).resolve())


def _dvc(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "dvc", *words], stdout=sys.stderr)
    if done.returncode:
        said = f"`dvc {' '.join(words)}` ended with exit code {done.returncode}"
        raise DigitsError(f"{said}; its output says why")


def _compare(before: dict[str, bytes | None], differing: list[str]) -> str:
    """Hold what differs against the tolerance, where one applies. Raises ArtifactError."""
    reason, faults = no_promise(), []
    for path in differing:
        if path.startswith("metrics/") and path.endswith(".json") and path != ANSWERS:
            old, new = (json.loads(x or b"{}") for x in (before[path], git.content(None, path)))
            found = differences(old, new, TOLERANCE if reason else {})
            faults += [f"{path}: {fault}" for fault in found]
    if not reason:
        print(*faults, sep="\n", file=sys.stderr)
        raise ArtifactError(
            f"the rebuild differs from the committed results in {', '.join(differing)}; "
            "`dvc repro --force` and commit the new ones, or find what is not pinned"
        )
    said = f"the bytes differ, as they may where {reason}"
    if faults:
        raise ArtifactError("\n".join([f"{said}, but these are beyond the tolerance:", *faults]))
    return f"{said}, and the metrics agree within the tolerance"


def no_promise() -> str:
    """Return why the same bytes are not promised on this machine; "" if they are."""
    if (machine := f"{platform.system()} {platform.machine()}") != "Linux x86_64":
        return f"this is {machine}, not Linux x86_64"
    others = [
        f"{name} {there}, not {version}"
        for name, version in pinned().items()
        if (there := metadata.version(name)) != version
    ]
    if others:
        return f"this is {'; '.join(others)}"
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    if not {"X86_V3", "AVX2"} & {*found}:  # numpy 2.4 has a name for the group
        return "numpy finds no x86-64-v3 processor here (AVX2, FMA and more)"
    if (library := " ".join(platform.libc_ver())) not in C_LIBRARIES:
        return f"the C library is {library.strip() or 'unknown'}, not {' or '.join(C_LIBRARIES)}"
    return ""


def differences(committed: Any, rebuilt: Any, tolerance: dict[str, float]) -> list[str]:
    """List the metrics that differ by more than their tolerance. tolerance: by last name."""
    return [
        f"{name}: committed {old}, rebuilt {new}"
        for name, (old, new) in changes(committed, rebuilt).items()
        if not {type(old), type(new)} <= {int, float}
        or not abs(old - new) <= tolerance.get(name.rsplit(".", 1)[-1], 0)
    ]


def pinned(path: str = "requirements/runtime.txt") -> dict[str, str]:
    """Return the versions of LIBRARIES that a requirements file pins. Raises ArtifactError."""
    try:
        versions = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", Path(path).read_text(), re.MULTILINE))
        return {name: versions[name] for name in LIBRARIES}
    except OSError as fault:
        raise ArtifactError(f"{path} cannot be read: {fault}. It is in git.") from None
    except KeyError as missing:
        raise ArtifactError(
            f"{path}: expected a line {missing.args[0]}==VERSION, got none. `make lock` writes it."
        ) from None
