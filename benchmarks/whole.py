"""The whole: a script in the manner of notebooks against `dvc repro`, cold and after changes."""

import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure
from digits.data.loading import read_raw

Took = dict[str, list[dict[str, float]]]


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure each way once, then again, `rounds` times; return a row for each."""
    took: Took = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="digits-bench-") as name:
        folder = Path(name)
        names = ("x_train", "y_train", "x_test", "y_test")
        arrays = (*read_raw("train"), *read_raw("test"))
        np.savez(folder / "mnist.npz", **dict(zip(names, arrays, strict=True)))
        for turn in range(rounds):
            one_round(folder / str(turn), folder / "mnist.npz", took)
            subprocess.run(["rm", "-rf", folder / str(turn), folder / f"{turn}-all"], check=True)
            print(
                f"  {turn + 1}/{rounds}", {key: f"{v[-1]['wall']:.1f}" for key, v in took.items()}
            )
    return [
        {"way": way} | {key: measure.spread([one[key] for one in times]) for key in times[0]}
        for way, times in took.items()
    ]


def one_round(folder: Path, source: Path, took: Took) -> None:
    """Measure the script, and in fresh clones with empty caches the ways of `dvc repro`."""

    def note(way: str, *command: str, folder: Path = folder) -> None:
        result = measure.process(list(command), folder=str(folder))
        if result is None:
            raise RuntimeError(f"{way} failed")
        took[way].append(result)

    whole = folder.with_name(f"{folder.name}-all")
    for clone in (folder, whole):
        subprocess.run(["git", "clone", "--quiet", ".", clone], check=True)
        subprocess.run(["python", "-m", "digits", "setup"], cwd=clone, check=True)
        edit(clone / "params.yaml", "source: mnist", f"source: {source}")
    script = Path("benchmarks/notebook.py").resolve()
    (folder / "notebook").mkdir()
    note("notebook script", "python", str(script), str(source), "notebook")
    note("dvc repro, cold", "dvc", "repro", folder=whole)
    note("dvc repro evaluate explore, cold", "dvc", "repro", "evaluate", "explore")
    edit(folder / "params.yaml", "units: 100", "units: 64")
    note("after a change of units", "dvc", "repro", "evaluate", "explore")
    figures = folder / "digits" / "figures" / "confusion.py"
    figures.write_text(figures.read_text() + "\n# changed\n")
    note("after a change in a figure", "dvc", "repro", "evaluate", "explore")
    note("nothing to do", "dvc", "repro", "evaluate", "explore")
    edit(folder / "params.yaml", "units: 64", "units: 100")
    figures.write_text(figures.read_text().removesuffix("\n# changed\n"))
    note("restored from the run-cache", "dvc", "repro", "evaluate", "explore")


def edit(file: Path, old: str, new: str) -> None:
    """Replace `old`, which must be there."""
    text = file.read_text()
    if old not in text:
        raise RuntimeError(f"{file} does not hold {old!r}")
    file.write_text(text.replace(old, new, 1))
