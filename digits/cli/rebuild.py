"""Run the stages again and compare with what is committed: the same bytes on the same CPU.

All is well if dvc.lock and metrics/ are those of the last commit after `dvc repro --force`. Where
they differ on the CPU that made them (.ci/cpu.txt), what differs is listed, and the exit code is 1.
On another CPU, whose arithmetic may differ in the last bits, the metrics are compared within a
tolerance instead.
"""

import json
import os
import platform
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from digits.cli import git
from digits.cli.revisions import ANSWERS, changes
from digits.errors import ArtifactError, DigitsError
from digits.files.atomic import read_json
from digits.params.document import parse

LOCK = "dvc.lock"
RESULTS = (LOCK, "metrics")
CPU = Path(".ci/cpu.txt")
TOLERANCE = {
    **dict.fromkeys(("accuracy", "accuracy_low", "accuracy_high", "mean_accuracy"), 0.005),
    **dict.fromkeys(("macro_f1", "calibration_error", "mcnemar_p"), 0.005),
    **dict.fromkeys(("errors", "fixed", "broke"), 50),
    "loss": 0.02,
}
"""The largest difference of a metric between CPUs; counts and shapes of the data: none."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what is rebuilt."""
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="these alone, not everything")
    parser.add_argument(
        "--record", action="store_true", help=f"write {CPU}: commit it with new results"
    )


def main(arguments: Namespace) -> None:
    """Rebuild and say how it went. Raises DigitsError."""
    if arguments.record:
        CPU.write_text(this_cpu() + "\n")
    else:
        print(f"\nrebuild: {rebuild(*arguments.stages)}")


def rebuild(*stages: str) -> str:
    """Run all stages, or `stages` alone, and return in what way they gave what is committed.

    What DVC and the stages print goes to stderr. Raises ArtifactError: something else came out;
    DigitsError: nothing could be compared.
    """
    before = _outputs(git.content("HEAD", LOCK))
    if differing := git.changed(*RESULTS):
        raise DigitsError(f"not as in the last commit: {', '.join(differing)}; commit them first")
    options = ["--force", "--single-item", *stages] if stages else ["--force"]
    if code := dvc("repro", *options, stdout=sys.stderr).returncode:
        raise DigitsError(
            f"`dvc repro {' '.join(options)}` ended with exit code {code}; it said why"
        )
    after = _outputs(Path(LOCK).read_bytes())
    differing = git.changed(*RESULTS)
    differing += [path for path in before if before[path] != after.get(path)]
    if not differing:
        return "the rebuild gave the committed bytes"
    maker = CPU.read_text().strip() if CPU.exists() else "an unknown one"
    tolerance = {} if this_cpu() == maker else TOLERANCE
    faults = []
    for path in git.committed("metrics"):
        if path.endswith(".json") and path != ANSWERS:  # evaluation.json holds their sums
            committed = json.loads(git.content("HEAD", path) or b"{}")
            found = differences(committed, read_json(path), tolerance)
            faults += [f"{path}: {fault}" for fault in found]
    if not tolerance:
        print(*faults, sep="\n", file=sys.stderr)
        raise ArtifactError(
            "the rebuild differs from the committed results in "
            f"{', '.join(dict.fromkeys(differing))}; commit the new ones, or find what is not "
            "pinned"
        )
    where = f"the results were made on another CPU ({maker}; this is {this_cpu()})"
    if faults:
        raise ArtifactError("\n".join([f"{where}, but these are beyond the tolerance:", *faults]))
    return f"{where}, and the metrics agree within the tolerance"


def dvc(*arguments: str, **options: Any) -> subprocess.CompletedProcess[Any]:
    """Run DVC; `python` in a stage's command is the one that runs this."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, env={**os.environ, "PATH": path}, **options)


def _outputs(lock: bytes | None) -> dict[str, Any]:
    """Return the hash of each output that a dvc.lock records, by path. Raises DigitsError."""
    try:
        stages = parse((lock or b"").decode(), LOCK)["stages"].values()
        return {out["path"]: out.get("md5") for stage in stages for out in stage.get("outs", ())}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DigitsError(
            f"{LOCK} is not committed, or not whole: `dvc repro`, then commit it"
        ) from None


def this_cpu() -> str:
    """Name the CPU's family: system, architecture, maker, family."""
    facts: dict[str, str] = {}
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    maker = facts.get("vendor_id", platform.processor())
    return f"{platform.system()} {platform.machine()} {maker} {facts.get('cpu family', '')}".strip()


def differences(committed: Any, rebuilt: Any, tolerance: dict[str, float]) -> list[str]:
    """List the metrics that differ by more than `tolerance`, by their last names, allows."""
    return [
        f"{name}: committed {old}, rebuilt {new}"
        for name, (old, new) in changes(committed, rebuilt).items()
        if not isinstance(old, int | float)
        or not isinstance(new, int | float)
        or not abs(old - new) <= tolerance.get(name.rsplit(".", 1)[-1], 0)
    ]
