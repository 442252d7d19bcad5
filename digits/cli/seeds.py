"""Train and test each model with train.seed 0 to N-1; print mean and deviation of the accuracies.

A change is more than chance only if it exceeds that deviation. The project's own stages run, in a
temporary folder for each seed, with the parameters of params.yaml except train.seed, on the data
that stage preprocess made. How many seeds run at a time does not change the numbers.
"""

import json
import os
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import psutil

from digits.cli import parameters
from digits.cli.lock import stale
from digits.errors import ArtifactError, DigitsError
from digits.files.atomic import read_json


def add_arguments(parser: ArgumentParser) -> None:
    """Add the number of seeds, and of those that run at a time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("count", metavar="N", type=int, help="how many seeds, 2 or more")
    parser.add_argument("--jobs", metavar="J", type=int, default=cores, help="how many at a time")


def main(arguments: Namespace) -> None:
    """Print each model's accuracies on the test set, their mean and their standard deviation."""
    count, jobs = arguments.count, arguments.jobs
    if count < 2 or jobs < 1:
        got = f"got {count} and {jobs}"
        raise DigitsError(f"expected 2 or more seeds, for a deviation, and 1 or more jobs; {got}")
    values = parameters.check()
    if stages := stale("preprocess"):
        raise ArtifactError(
            "data/processed does not belong to this code and these parameters: "
            f"{', '.join(stages)}. `dvc repro preprocess` first"
        )
    frame = pd.DataFrame(run_seeds(values, count, jobs))
    names = {"std": "deviation", "min": "lowest", "max": "highest"}  # of a sample: n - 1
    table = frame.agg(["mean", *names]).T.rename(columns=names)
    print(table.map("{:.2%}".format).to_string())


def run_seeds(values: dict[str, Any], count: int, jobs: int) -> list[dict[str, float]]:
    """Return each model's accuracy on the test set by seed; `jobs` seeds run at a time.

    If one fails, or this process is stopped, the stages that run are killed. Raises DigitsError.
    """
    with ThreadPoolExecutor(jobs) as pool:
        seeds = [pool.submit(run_seed, values, seed) for seed in range(count)]
        try:
            for seed in as_completed(seeds):
                seed.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(seed.done() for seed in seeds):
                for stage in psutil.Process().children():
                    stage.kill()
                time.sleep(0.1)
    return [seed.result() for seed in seeds]


def run_seed(values: dict[str, Any], seed: int) -> dict[str, float]:
    """Train and test all models with this seed; return their accuracies. Raises DigitsError."""
    names, found = values["models"], {}
    with TemporaryDirectory(prefix="digits-seeds-") as folder:
        text = json.dumps({**values, "train": {**values["train"], "seed": seed}})  # JSON is YAML
        Path(folder, "params.yaml").write_text(text)
        for name in ("data", "digits", "stages", "dvc.yaml"):
            Path(folder, name).symlink_to(Path(name).resolve(), Path(name).is_dir())
        for stage in (*(f"train {name}" for name in names), "evaluate"):
            command = [sys.executable, "-m", *f"stages.{stage}".split()]
            done = subprocess.run(command, cwd=folder, capture_output=True)
            if done.returncode:
                said = (done.stdout + done.stderr).decode(errors="replace").strip()
                raise DigitsError(f"stage {stage} failed (exit code {done.returncode}):\n{said}")
        for name in names:
            found[name] = read_json(f"{folder}/metrics/evaluation/{name}.json")["accuracy"]
    shown = ", ".join(f"{name} {share:.2%}" for name, share in found.items())
    print(f"seed {seed}: {shown}", file=sys.stderr, flush=True)
    return found
