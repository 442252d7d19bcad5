"""Rebuild everything and compare with what is committed: the same bytes on the same CPU.

All is well if dvc.lock and metrics/ are unchanged after `dvc repro --force`. Where they differ on
the CPU that made them (.ci/cpu.txt), the files are listed, and the exit code is 1. On another CPU,
whose arithmetic may differ in the last bits, the metrics are compared within a tolerance instead.
"""

import json
import platform
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.errors import ArtifactError, DigitsError
from digits.files import read_json

RESULTS = ("dvc.lock", "metrics")
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
        print(f"\nverify: {rebuild(*arguments.stages)}")


def rebuild(*stages: str) -> str:
    """Run all stages, or `stages` alone, and return in what way they gave what is committed.

    What DVC and the stages print goes to stderr. Raises ArtifactError: something else came out;
    DigitsError: nothing could be compared.
    """
    if _git("status", "--porcelain", *RESULTS):
        raise DigitsError("dvc.lock or metrics/ differ from the last commit; commit them first")
    command = [sys.executable, "-m", "dvc", "repro", "--force"]
    command += ["--single-item", *stages] if stages else []
    if code := subprocess.run(command, stdout=sys.stderr).returncode:
        raise DigitsError(f"`dvc repro --force` ended with exit code {code}; it says above why")
    changed = _git("diff", "--name-only", *RESULTS).split()
    if not changed:
        return "the rebuild gave the committed bytes"
    maker = CPU.read_text().strip() if CPU.exists() else "an unknown one"
    if this_cpu() == maker:
        print(_git("diff", *RESULTS), file=sys.stderr)
        raise ArtifactError(
            f"the rebuild differs from the committed results in {', '.join(changed)}; "
            "commit the new ones, or find what is not pinned"
        )
    faults = []
    for file in _git("ls-files", "metrics/*.json").split():
        committed = json.loads(_git("show", f"HEAD:{file}"))
        faults += [f"{file}: {fault}" for fault in beyond_tolerance(committed, read_json(file))]
    where = f"the results were made on another CPU ({maker}; this is {this_cpu()})"
    if faults:
        raise ArtifactError("\n".join([f"{where}, but these are beyond the tolerance:", *faults]))
    return f"{where}, and the metrics agree within the tolerance"


def this_cpu() -> str:
    """Name the CPU's family: system, architecture, maker, family."""
    facts: dict[str, str] = {}
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    maker = facts.get("vendor_id", platform.processor())
    return f"{platform.system()} {platform.machine()} {maker} {facts.get('cpu family', '')}".strip()


def beyond_tolerance(committed: Any, rebuilt: Any) -> list[str]:
    """List the metrics that differ by more than TOLERANCE allows."""
    old, new = dict(_leaves(committed)), dict(_leaves(rebuilt))
    if old.keys() != new.keys():
        return [f"keys differ: {sorted(old.keys() ^ new.keys())}"]
    return [
        f"{name}: committed {old[name]}, rebuilt {new[name]}"
        for name in old
        if not _agree(old[name], new[name], TOLERANCE.get(name.rsplit(".", 1)[-1], 0))
    ]


def _agree(old: Any, new: Any, tolerance: float) -> bool:
    if isinstance(old, int | float) and isinstance(new, int | float):
        return old == new or abs(old - new) <= tolerance
    return bool(old == new)  # a shape, a dtype


def _leaves(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) for every value in a JSON document."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{name}.{key}" if name else key)
    else:
        yield name, node


def _git(*arguments: str) -> str:
    """Run git; return its output. Raises DigitsError if it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)  # noqa: S607
    if done.returncode:
        raise DigitsError(f"git {arguments[0]}: {done.stderr.strip() or 'failed'}")
    return done.stdout
