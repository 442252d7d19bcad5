"""Train and test each model with train.seed 0 to N-1; print mean and deviation of the accuracies.

A change is more than chance only if it exceeds that deviation. The project's own stages run, in a
temporary folder for each seed, with the parameters of params.yaml except train.seed, on the data
that stage preprocess made. Nothing else is written. The numbers do not depend on how many seeds
run at a time.
"""

import asyncio
import json
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from digits.cli import parameters
from digits.cli.lock import stale
from digits.errors import ArtifactError, DigitsError
from digits.files.atomic import read_json


def add_arguments(parser: ArgumentParser) -> None:
    """Add the number of seeds and how the answer is shown."""
    parser.add_argument("count", metavar="N", help="how many seeds, 2 or more")
    parser.add_argument("--jobs", metavar="J", help="how many at a time (one for each core)")
    parser.add_argument("--json", action="store_true", help="an object, not a table")


def main(arguments: Namespace) -> None:
    """Print each model's accuracies on the test set, their mean and their standard deviation."""
    count = int(arguments.count) if arguments.count.isdecimal() else 0
    if count < 2:
        raise DigitsError(
            f"expected 2 or more seeds, since one has no deviation; got {arguments.count}"
        )
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if arguments.jobs is not None:
        jobs = int(arguments.jobs) if arguments.jobs.isdecimal() else 0
    if not jobs:
        raise DigitsError(f"expected 1 or more jobs, got {arguments.jobs}")
    values = parameters.check()
    if stages := stale("preprocess"):
        raise ArtifactError(
            f"data/processed does not belong to this code and these parameters: "
            f"{', '.join(stages)}. `dvc repro preprocess` first"
        )
    frame = pd.DataFrame(asyncio.run(run_seeds(values, count, jobs)))
    names = {"std": "deviation", "min": "lowest", "max": "highest"}  # of a sample: n - 1
    table = frame.agg(["mean", *names]).T.rename(columns=names).round(6)
    if arguments.json:
        whole = table.assign(accuracies=pd.Series(frame.to_dict("list")))
        print(whole.to_json(orient="index", indent=2))
    else:
        print(table.map("{:.2%}".format).to_string())


async def run_seeds(values: dict[str, Any], count: int, jobs: int) -> list[dict[str, float]]:
    """Return each model's accuracy on the test set by seed; `jobs` seeds run at a time."""
    slots = asyncio.Semaphore(jobs)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(jobs))  # else 32 at most

    async def run_seed(seed: int) -> dict[str, float]:
        train = {**values["train"], "seed": seed}
        async with slots:
            with TemporaryDirectory(prefix="digits-seeds-") as folder:
                text = json.dumps({**values, "train": train}, ensure_ascii=False)  # JSON is YAML
                Path(folder, "params.yaml").write_text(text, encoding="utf-8")
                for name in ("data", "digits", "stages", "dvc.yaml"):
                    path = Path(name).resolve()
                    Path(folder, name).symlink_to(path, target_is_directory=path.is_dir())
                for stage in (*(f"train {name}" for name in values["models"]), "evaluate"):
                    await run_stage(stage, folder)
                found = {
                    name: read_json(f"{folder}/metrics/evaluation/{name}.json")["accuracy"]
                    for name in values["models"]
                }
        shown = ", ".join(f"{name} {share:.2%}" for name, share in found.items())
        print(f"seed {seed}: {shown}", file=sys.stderr, flush=True)
        return found

    return await asyncio.gather(*map(run_seed, range(count)))


async def run_stage(stage: str, folder: str) -> None:
    """Run a stage in `folder`; a cancelled one is killed. Raises DigitsError with its output."""
    command = [sys.executable, "-m", *f"stages.{stage}".split()]
    process = subprocess.Popen(
        command, cwd=folder, stdout=PIPE, stderr=PIPE, text=True, errors="replace"
    )  # asyncio's own subprocesses hang if they are cancelled while they start
    try:
        said = "".join(await asyncio.to_thread(process.communicate)).strip()
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise DigitsError(f"stage {stage} failed (exit code {process.returncode}):\n{said}")
