"""Train and test each model with train.seed 0 to N-1; give the mean and deviation over them.

What a change must exceed to be more than luck with the seed. The project's own stages are run, in a
temporary folder for each seed, with the parameters of params.yaml, all but train.seed, on the data
that stage preprocess made. Nothing else is written. However many run at a time, the numbers are the
same.
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
from digits.cli.revisions import stale
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
            f"data/processed is not of today's code and parameters ({', '.join(stages)} to be "
            "run): `dvc repro preprocess` first"
        )
    frame = pd.DataFrame(asyncio.run(tested(values, count, jobs)))
    names = {"std": "deviation", "min": "lowest", "max": "highest"}  # that of a sample: n - 1
    table = frame.agg(["mean", *names]).T.rename(columns=names).round(6)
    if arguments.json:
        whole = table.assign(accuracies=pd.Series(frame.to_dict("list")))
        print(whole.to_json(orient="index", indent=2))
    else:
        print(table.map("{:.2%}".format).to_string())


async def tested(values: dict[str, Any], count: int, jobs: int) -> list[dict[str, float]]:
    """Return the accuracies of each seed; `jobs` of them are trained and tested at a time."""
    turn = asyncio.Semaphore(jobs)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(jobs))  # else 32 at most

    async def one(seed: int) -> dict[str, float]:
        async with turn:
            found = await accuracies(values, seed)
        shown = ", ".join(f"{name} {share:.2%}" for name, share in found.items())
        print(f"seed {seed}: {shown}", file=sys.stderr, flush=True)
        return found

    return await asyncio.gather(*map(one, range(count)))


async def accuracies(values: dict[str, Any], seed: int) -> dict[str, float]:
    """Return each model's accuracy on the test set: what the stages give with this train.seed."""
    values = {**values, "train": {**values["train"], "seed": seed}}
    with TemporaryDirectory(prefix="digits-seeds-") as folder:
        text = json.dumps(values, ensure_ascii=False)  # JSON is YAML, without doubtful forms
        Path(folder, "params.yaml").write_text(text, encoding="utf-8")
        for name in ("data", "digits", "stages", "dvc.yaml"):
            Path(folder, name).symlink_to(
                Path(name).resolve(), target_is_directory=Path(name).is_dir()
            )
        for stage in (*(f"train {name}" for name in values["models"]), "evaluate"):
            await run(stage, folder)
        return {
            name: read_json(f"{folder}/metrics/evaluation/{name}.json")["accuracy"]
            for name in values["models"]
        }


async def run(stage: str, folder: str) -> None:
    """Run a stage in `folder`. Raises DigitsError with what it said; ended itself, it ends it."""
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
