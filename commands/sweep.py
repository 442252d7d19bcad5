"""Draw validation accuracy against the hidden model's size, from the experiments of this commit.

First run some, on held-out examples; docs/experiments.md says how. Those that differ in
train_hidden.units alone are drawn and listed; any other is named on stderr and left out.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from digits.errors import DigitsError
from digits.files import write_bytes

if TYPE_CHECKING:
    from digits.figures.sweep import Point

RUN = "dvc exp run -S preprocess.validation=10000 -S train_hidden.units=50 train_hidden"


def add_arguments(parser: ArgumentParser) -> None:
    """Add where the picture goes."""
    parser.add_argument("--out", metavar="FILE", default="sweep.png", help="default: sweep.png")


def main(arguments: Namespace) -> None:
    """Print a table, write the picture."""
    from digits.figures.sweep import smallest_as_good, sweep

    found = list(_points(_shown()))
    groups = Counter(others for others, _ in found)
    if not groups or max(groups.values()) < 2:
        raise DigitsError(
            "expected two or more experiments of this commit that differ in train_hidden.units "
            f"alone and have a validation accuracy, got {len(found)}. Run some, such as: {RUN}"
        )
    chosen = groups.most_common(1)[0][0]
    points = sorted((point for others, point in found if others == chosen), key=lambda p: p.units)
    for others, point in found:
        if others != chosen:
            print(f"left out, other parameters: {point.name}", file=sys.stderr)
    write_bytes(arguments.out, sweep(points))
    enough, best = smallest_as_good(points)
    print(f"{'experiment':16}{'units':>7}{'parameters':>12}{'accuracy':>10}  95% interval")
    for point in points:
        low, high = point.interval
        row = f"{point.units:>7,}{point.parameters:>12,}{point.accuracy:>10.2%}"
        print(f"{point.name:16}{row}  {low:.2%} - {high:.2%}")
    print(f"\nbest: {best.name}; the smallest within its interval: {enough.name}")
    print(f"picture: {arguments.out}")


def _shown() -> list[dict[str, Any]]:
    """Return what `dvc exp show` knows: the workspace and this commit, with its experiments."""
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json", "--hide-queued"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise DigitsError(f"`dvc exp show` cannot list the experiments: {done.stderr.strip()}")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def _points(shown: list[dict[str, Any]]) -> Iterator[tuple[str, "Point"]]:
    """Yield each experiment that has a validation accuracy, with its other parameters as text."""
    from digits.figures.sweep import Point

    for commit in shown:
        for experiment in commit.get("experiments") or []:
            last = experiment["revs"][0]
            try:
                params = last["data"]["params"]["params.yaml"]["data"]
                accuracy = last["data"]["metrics"]["metrics/train_hidden.json"]["data"]
                examples = params["preprocess"]["validation"]
                units = params["train_hidden"]["units"]
                right = round(accuracy["val_accuracy"] * examples)
            except (KeyError, TypeError):  # failed, running, or nothing was held out
                continue
            others = json.dumps([params[name] for name in ("fetch", "preprocess", "train")])
            yield others, Point(last["name"] or last["rev"][:7], units, right, examples)
