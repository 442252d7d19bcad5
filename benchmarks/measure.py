"""Run commands in turns, each in a process of its own, and sum up what they took."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

Spread = dict[str, float]
"""median, min and max."""


def spread(values: list[float]) -> Spread:
    """Return the median of the values, and their range."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def process(
    command: list[str], folder: str = ".", prepare: Callable[[], object] = lambda: None
) -> dict[str, float] | None:
    """Run a command; return wall and CPU time, its largest process's memory, what it printed.

    What it printed counts if its last line is a JSON object. None if the command failed.
    """
    prepare()
    log = Path(".bench.log")
    start = perf_counter()
    with log.open("wb") as output:
        child = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    took = {"wall": perf_counter() - start, "peak_mib": usage.ru_maxrss / 1024}
    took["cpu"] = usage.ru_utime + usage.ru_stime
    lines = log.read_text(errors="replace").splitlines()
    log.unlink()
    if child.returncode:
        print(f"  failed: {' '.join(command)}: {lines[-1] if lines else ''}", file=sys.stderr)
        return None
    if lines and lines[-1].startswith("{"):
        took |= json.loads(lines[-1])
    return took


def interleave(
    commands: dict[Any, list[str]],
    names: tuple[str, ...],
    rounds: int,
    **options: Any,
) -> list[dict[str, Any]]:
    """Run every command once, then every one again, `rounds` times; sum up by command."""
    seen: dict[Hashable, list[dict[str, float]]] = defaultdict(list)
    for turn in range(rounds):
        for kind, command in commands.items():
            took = process(command, **options)
            if took is not None:
                seen[kind].append(took)
                print(f"  {turn + 1}/{rounds} {kind}: {took.get('seconds', took['wall']):.2f} s")
    return [
        dict(zip(names, kind if isinstance(kind, tuple) else (kind,), strict=True))
        | {key: spread([took[key] for took in times]) for key in times[0]}
        for kind, times in seen.items()
    ]
