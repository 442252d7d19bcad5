"""Run the stages again and compare with what is committed.

`dvc repro --force` runs in a temporary clone of the last commit, with DVC's cache of this project.
All files that git has, dvc.lock and metrics/ among them, must become those of the commit. Otherwise
the differences are listed, and the exit code is 1. Only where the same bytes are not promised
(docs/same-bytes.md) are the metrics compared within a tolerance instead.
"""

import json
import platform
import re
import subprocess
import sys
from argparse import Namespace
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from configobj import ConfigObj

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
TOLERANCE = dict.fromkeys(("accuracy", "macro_f1", "calibration_error"), 0.005)
TOLERANCE |= {"errors": 50, "loss": 0.02}
"""The largest difference of a metric where the bytes may differ; of all others: none. Far more than
was seen on arm64 (docs/same-bytes.md), and less than a mistake makes."""


def main(arguments: Namespace) -> None:
    """Rebuild and say how it went. Raises DigitsError."""
    print(f"\nrebuild: {rebuild()}")


def rebuild() -> str:
    """Run all stages; return how the results agree with the committed ones.

    Raises ArtifactError if they differ, DigitsError if nothing could be compared.
    """
    cache = lock.cache()
    with git.cloned() as here:
        before = git.files()
        if LOCK not in before:
            raise DigitsError(f"{LOCK} is not committed: `dvc repro`, then commit it and metrics/")
        if differing := [x for x in before if git.content(None, str(here / x)) != before[x]]:
            names = ", ".join(differing[:9] + ["others"] * (len(differing) > 9))
            raise DigitsError(f"not as in the last commit: {names}; commit or restore them first")
        settings = {"cache": {"dir": str(cache)}, "core": {"site_cache_dir": "tmp/site-cache"}}
        config = ConfigObj(settings, encoding="utf-8")  # DVC's own `Config.edit` writes ASCII
        config.filename = ".dvc/config.local"
        config.write()
        lock.check()  # else the rebuild would differ for sure
        source = Path(str(leaves(read_document("params.yaml")).get("fetch.source")))
        if (here / source).exists() and not source.exists():  # own data with a relative path
            source.parent.mkdir(parents=True, exist_ok=True)
            source.symlink_to((here / source).resolve())
        if data := [path for path in before if path.endswith(".dvc")]:
            _dvc("checkout", "--quiet", "--allow-missing", *data)
        locked = parse((before[LOCK] or b"").decode(), LOCK)["stages"].values()
        made = [f"{out['path']}/" for stage in locked for out in stage.get("outs", ())]
        for path in before:  # what no stage writes will then be missing
            if f"{path}/".startswith(("metrics/", *made)) and "/." not in path:
                Path(path).unlink()
        _dvc("repro", "--force", "--all-pipelines")
        after = {path: git.content(None, path) for path in before}
    said = "the rebuild gave the committed bytes"
    if after != before:
        said = _within_tolerance(before, after)
    else:
        with suppress(DigitsError):  # an output that was changed here stays
            _dvc("checkout", "--quiet", "--allow-missing")
    return said + "".join(f"; {path} is data that no stage makes" for path in data)


def _dvc(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "dvc", *words], stdout=sys.stderr)
    if done.returncode:
        said = f"`dvc {' '.join(words)}` ended with exit code {done.returncode}"
        raise DigitsError(f"{said}; its output says why")


def _within_tolerance(before: dict[str, bytes | None], after: dict[str, bytes | None]) -> str:
    """Hold what differs against the tolerance, where one applies. Raises ArtifactError."""
    differing, reason, faults = [x for x in before if before[x] != after[x]], no_promise(), []
    for path in differing:
        if path.startswith("metrics/") and path.endswith(".json") and path != ANSWERS:
            old, new = (json.loads(x[path] or b"{}") for x in (before, after))
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
    """Return how this machine is unlike those on which the bytes are promised; "" if it is not."""
    text = (git.content(None, "requirements/runtime.txt") or b"").decode()
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    level = "with" if {"X86_V3", "AVX2"} & {*found} else "without"  # numpy 2.4 names the group
    pairs = {f"{name} {metadata.version(name)}": f"{name} {pins.get(name)}" for name in LIBRARIES}
    pairs[f"{platform.system()} {platform.machine()} {level} AVX2"] = "Linux x86_64 with AVX2"
    library = " ".join(platform.libc_ver())
    pairs[library] = library if library in C_LIBRARIES else " or ".join(C_LIBRARIES)
    unlike = [f"{here}, not {known}" for here, known in pairs.items() if here != known]
    return f"this is {'; '.join(unlike)}" if unlike else ""


def differences(committed: Any, rebuilt: Any, tolerance: dict[str, float]) -> list[str]:
    """List the metrics that differ by more than their tolerance. tolerance: by last name."""
    return [
        f"{name}: committed {old}, rebuilt {new}"
        for name, (old, new) in changes(committed, rebuilt).items()
        if not {type(old), type(new)} <= {int, float}
        or not abs(old - new) <= tolerance.get(name.rsplit(".", 1)[-1], 0)
    ]
