"""Train and test each model with train.seed 0 to N-1; give the mean and deviation over them.

What a change must exceed to be more than luck with the seed. The project's own stages are run, in a
temporary folder, with the parameters of params.yaml, all but train.seed, on the data that stage
preprocess made. Nothing else is written.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from digits.cli import parameters
from digits.cli.revisions import stale
from digits.errors import ArtifactError, DigitsError
from digits.files.atomic import read_json


def add_arguments(parser: ArgumentParser) -> None:
    """Add the number of seeds and how the answer is shown."""
    parser.add_argument("count", metavar="N", help="how many seeds, 2 or more")
    parser.add_argument("--json", action="store_true", help="an object, not a table")


def main(arguments: Namespace) -> None:
    """Print each model's accuracies on the test set, their mean and their standard deviation."""
    count = int(arguments.count) if arguments.count.isdecimal() else 0
    if count < 2:
        raise DigitsError(
            f"expected 2 or more seeds, since one has no deviation; got {arguments.count}"
        )
    values = parameters.check()
    if stages := stale("preprocess"):
        raise ArtifactError(
            f"data/processed is not of today's code and parameters ({', '.join(stages)} to be "
            "run): `dvc repro preprocess` first"
        )
    found = []
    for seed in range(count):
        found.append(accuracies(values, seed))
        shown = ", ".join(f"{name} {share:.2%}" for name, share in found[-1].items())
        print(f"seed {seed}: {shown}", file=sys.stderr, flush=True)
    frame = pd.DataFrame(found)
    names = {"std": "deviation", "min": "lowest", "max": "highest"}  # that of a sample: n - 1
    table = frame.agg(["mean", *names]).T.rename(columns=names).round(6)
    if arguments.json:
        whole = table.assign(accuracies=pd.Series(frame.to_dict("list")))
        print(whole.to_json(orient="index", indent=2))
    else:
        print(table.map("{:.2%}".format).to_string())


def accuracies(values: dict[str, Any], seed: int) -> dict[str, float]:
    """Return each model's accuracy on the test set: what the stages give with this train.seed."""
    values = {**values, "train": {**values["train"], "seed": seed}}
    with TemporaryDirectory(prefix="digits-seeds-") as folder:
        text = json.dumps(values, ensure_ascii=False)  # JSON is YAML, without doubtful forms
        Path(folder, "params.yaml").write_text(text, encoding="utf-8")
        for name in ("data", "digits", "stages"):
            Path(folder, name).symlink_to(Path(name).resolve(), target_is_directory=True)
        for stage in (*(f"train_{name}" for name in values["models"]), "evaluate"):
            command = [sys.executable, "-m", f"stages.{stage}"]
            done = subprocess.run(command, cwd=folder, capture_output=True, errors="replace")
            if done.returncode:
                said = f"{done.stdout}{done.stderr}".strip()
                raise DigitsError(f"stage {stage} failed (exit code {done.returncode}):\n{said}")
        tested = read_json(f"{folder}/metrics/evaluation.json")
    return {name: tested[name]["accuracy"] for name in values["models"]}
