"""Rebuild everything and compare with what is committed: the same bytes on the same CPU.

`python .ci/verify.py` exits 0 if dvc.lock and metrics/ are unchanged after `dvc repro --force`
(what else is on the command line is passed on to it: a stage, say).
Where they differ on the CPU that made them (.ci/cpu.txt), it exits 1 and lists the files. On
another CPU, whose arithmetic may differ in the last bits, it compares the metrics within TOLERANCE
instead. `python .ci/verify.py --record` writes .ci/cpu.txt: to be committed with new results.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULTS = ("dvc.lock", "metrics")
CPU = Path(".ci/cpu.txt")
TOLERANCE = {
    **dict.fromkeys(("accuracy", "accuracy_low", "accuracy_high", "mean_accuracy"), 0.005),
    **dict.fromkeys(("macro_f1", "calibration_error", "mcnemar_p"), 0.005),
    **dict.fromkeys(("errors", "fixed", "broke"), 50),
    "loss": 0.02,
}
"""The largest difference of a metric between CPUs; counts and shapes of the data: none."""


def this_cpu() -> str:
    """Name the CPU's family: system, architecture, maker, family."""
    facts = {}
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    maker = facts.get("vendor_id", platform.processor())
    return f"{platform.system()} {platform.machine()} {maker} {facts.get('cpu family', '')}".strip()


def git(*arguments: str) -> str:
    """Run git; return its output."""
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def leaves(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) for every value in a JSON document."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{name}.{key}" if name else key)
    else:
        yield name, node


def beyond_tolerance(committed: Any, rebuilt: Any) -> list[str]:
    """List the metrics that differ by more than TOLERANCE allows."""
    old, new = dict(leaves(committed)), dict(leaves(rebuilt))
    if old.keys() != new.keys():
        return [f"keys differ: {sorted(old.keys() ^ new.keys())}"]
    return [
        f"{name}: committed {old[name]}, rebuilt {new[name]}"
        for name in old
        if old[name] != new[name]
        and not abs(old[name] - new[name]) <= TOLERANCE.get(name.rsplit(".", 1)[-1], 0)
    ]


def main() -> str | None:
    """Return None if all is well, else what is wrong."""
    if "--record" in sys.argv:
        CPU.write_text(this_cpu() + "\n")
        return None
    if git("status", "--porcelain", *RESULTS):
        return "error: dvc.lock or metrics/ differ from the last commit; commit them first"
    subprocess.run(["dvc", "repro", "--force", *sys.argv[1:]], check=True)
    changed = git("diff", "--name-only", *RESULTS).split()
    if not changed:
        print("\nverify: the rebuild gave the committed bytes")
        return None
    if this_cpu() == CPU.read_text().strip():
        print(git("diff", *RESULTS))
        return f"error: the rebuild differs from the committed results in {', '.join(changed)}"
    print(
        f"\nverify: the results were made on another CPU ({CPU.read_text().strip()}; this is "
        f"{this_cpu()}),\nso the last bits may differ. Compared instead: metrics within {TOLERANCE}"
    )
    faults = []
    for file in git("ls-files", "metrics/*.json").split():
        committed = json.loads(git("show", f"HEAD:{file}"))
        faults += [
            f"{file}: {fault}"
            for fault in beyond_tolerance(committed, json.loads(Path(file).read_text()))
        ]
    return "\n".join(["error: beyond the tolerance:", *faults]) if faults else None


if __name__ == "__main__":
    sys.exit(main())
