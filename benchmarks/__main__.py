"""`python -m benchmarks [PART ...] [--rounds N]`: measure, print tables, save them in results/."""

import argparse
import json
import os
import platform
from datetime import date
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from benchmarks import answering, growth, report, training, whole, workers

PARTS = {
    part.__name__.split(".")[-1]: part for part in (training, whole, answering, growth, workers)
}
RESULTS = Path("benchmarks/results")


def machine() -> dict[str, Any]:
    """Describe where and with what this was measured."""
    names = ("tensorflow", "keras", "dvc", "numpy", "torch", "scikit-learn", "jax")
    installed = {package.name.lower(): package.version for package in distributions()}
    model = next(
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    return {
        "date": date.today().isoformat(),
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "versions": {name: installed[name] for name in names if name in installed},
    }


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for name in arguments.parts or PARTS:
        print(f"{name}, {arguments.rounds} rounds:", flush=True)
        rows = PARTS[name].run(arguments.rounds)
        part = {"machine": machine(), "rounds": arguments.rounds, "rows": rows}
        (RESULTS / f"{name}.json").write_text(json.dumps(part, indent=2) + "\n")
    report.write(RESULTS)
    print((RESULTS / "table.md").read_text())


if __name__ == "__main__":
    main()
