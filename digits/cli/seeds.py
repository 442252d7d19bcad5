"""Train and test each model with train.seed 0 to N-1; give the mean and deviation over them.

What a change must exceed to be more than luck with the seed. The project's own stages are run, in a
temporary folder, with the parameters of params.yaml, all but train.seed, on the data that stage
preprocess made. Nothing else is written.
"""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from typing import Any

from digits.cli import parameters
from digits.cli.revisions import stale
from digits.cli.tables import table
from digits.errors import ArtifactError, DigitsError
from digits.files.atomic import read_json


def add_arguments(parser: ArgumentParser) -> None:
    """Add the number of seeds and how the answer is shown."""
    parser.add_argument("count", metavar="N", help="how many seeds, 2 or more")
    parser.add_argument("--json", action="store_true", help="an object, not a table")


def main(arguments: Namespace) -> None:
    """Print each model's accuracies on the test set, their mean and their standard deviation."""
    count = int(arguments.count) if arguments.count.isdecimal() else 0
    if not 2 <= count <= 2**32:
        raise DigitsError(
            f"expected 2 or more seeds, since one has no deviation; got {arguments.count}"
        )
    values = parameters.check()
    if stages := stale("preprocess"):
        raise ArtifactError(
            f"data/processed is not of today's code and parameters ({', '.join(stages)} to be "
            "run): `dvc repro preprocess` first"
        )
    found: dict[str, list[float]] = {name: [] for name in values["models"]}
    for seed in range(count):
        for name, accuracy in accuracies(values, seed).items():
            found[name].append(accuracy)
        shown = ", ".join(f"{name} {each[-1]:.2%}" for name, each in found.items())
        print(f"seed {seed}: {shown}", file=sys.stderr, flush=True)
    rows = {name: spread(each) for name, each in found.items()}
    print(json.dumps(rows, indent=2) if arguments.json else as_text(rows))


def accuracies(values: dict[str, Any], seed: int) -> dict[str, float]:
    """Return each model's accuracy on the test set: what the stages give with this train.seed."""
    values = {**values, "train": {**values["train"], "seed": seed}}
    with TemporaryDirectory(prefix="digits-seeds-") as folder:
        text = json.dumps(values, ensure_ascii=False)  # JSON is YAML, without doubtful forms
        Path(folder, "params.yaml").write_text(text, encoding="utf-8")
        Path(folder, "data").symlink_to(Path("data").resolve(), target_is_directory=True)
        for stage in (*(f"train_{name}" for name in values["models"]), "evaluate"):
            _run(stage, folder)
        tested = read_json(f"{folder}/metrics/evaluation.json")
    return {name: tested[name]["accuracy"] for name in values["models"]}


def _run(stage: str, folder: str) -> None:
    """Run a stage of this project in another folder. Raises DigitsError with what it said."""
    paths = [str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{stage}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise DigitsError(
            f"stage {stage} failed (exit code {done.returncode}):\n{done.stdout.strip()}"
        )


def spread(values: list[float]) -> dict[str, Any]:
    """Sum up accuracies: mean, standard deviation of a sample (n - 1), extremes, all by seed."""
    return {
        "mean": round(mean(values), 6),
        "deviation": round(stdev(values), 6),
        "lowest": min(values),
        "highest": max(values),
        "accuracies": values,
    }


def as_text(rows: dict[str, dict[str, Any]]) -> str:
    """Return what `spread` says of each model as a table, in percent."""
    columns = ("mean", "deviation", "lowest", "highest")
    cells = [[name, *(f"{row[column]:.2%}" for column in columns)] for name, row in rows.items()]
    return table(["model", *columns], cells)
