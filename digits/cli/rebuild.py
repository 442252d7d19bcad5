"""Run the stages again and compare with what is committed.

After `dvc repro --force`, dvc.lock and metrics/ must be those of the last commit. Otherwise the
differences are listed, and the exit code is 1. Only where the same bytes are not promised (another
system, processor, C library or version of a library; docs/same-bytes.md) are the metrics compared
within a tolerance instead.
"""

import json
import platform
import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from digits.cli import git
from digits.cli.revisions import changes
from digits.errors import ArtifactError, DigitsError
from digits.evaluation.results import ANSWERS
from digits.files.atomic import read_json
from digits.params.document import parse

LOCK = "dvc.lock"
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
    before = _outputs(git.content("HEAD", LOCK))
    if differing := git.modified(LOCK, "metrics"):
        raise DigitsError(f"not as in the last commit: {', '.join(differing)}; commit them first")
    options = ["--force", "--single-item", *stages] if stages else ["--force"]
    done = subprocess.run([sys.executable, "-m", "dvc", "repro", *options], stdout=sys.stderr)
    if done.returncode:
        said = f"`dvc repro {' '.join(options)}` ended with exit code {done.returncode}"
        raise DigitsError(f"{said}; its output says why")
    after = _outputs(Path(LOCK).read_bytes())
    differing = git.modified(LOCK, "metrics")
    differing += [path for path in before if before[path] != after.get(path)]
    if not differing:
        return "the rebuild gave the committed bytes"
    reason, faults = no_promise(), []
    for path in git.committed("metrics"):
        if path.endswith(".json") and path != ANSWERS:
            committed = json.loads(git.content("HEAD", path) or b"{}")
            found = differences(committed, read_json(path), TOLERANCE if reason else {})
            faults += [f"{path}: {fault}" for fault in found]
    if not reason:
        print(*faults, sep="\n", file=sys.stderr)
        names = ", ".join(dict.fromkeys(differing))
        raise ArtifactError(
            f"the rebuild differs from the committed results in {names}; commit the new ones, or "
            "find what is not pinned"
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


def _outputs(lock: bytes | None) -> dict[str, Any]:
    """Return the hash of each output in a dvc.lock, by path. Raises DigitsError."""
    try:
        stages = parse((lock or b"").decode(), LOCK)["stages"].values()
        return {out["path"]: out.get("md5") for stage in stages for out in stage.get("outs", ())}
    except (AttributeError, KeyError, TypeError, ValueError):
        said = f"{LOCK} is not committed, or damaged: `dvc repro`, then commit it"
        raise DigitsError(said) from None


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
