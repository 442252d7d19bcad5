"""Seconds for an epoch, by one process of two cores or two workers of one: `... workers`.

On loopback, on the machine's first two cores, the data those of stage preprocess.
"""

import json
import os
import socket
import subprocess
import sys
from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import measure
from digits.data.loading import Examples, read_examples
from digits.models import hidden
from digits.params.train import TrainParams

SHAPES = [(units, batch) for units in (100, 2_048) for batch in (32, 256, 1_024)]
"""Units of the hidden layer, examples in a batch of all workers together."""
EPOCHS = 3


def one(units: int, batch_size: int, workers: int) -> None:
    """Train in this process; as the first or only worker, print how long an epoch takes."""
    from digits.training.train import train

    training, marks = read_examples("train"), [perf_counter()]
    params = TrainParams(
        seed=0,
        epochs=EPOCHS,
        batch_size=batch_size,
        learning_rate=0.001,
        workers=workers,
        device="cpu",
        patience=None,
    )
    train(
        partial(hidden.build, units=units),
        training,
        Examples(training.images[:0], training.labels[:0]),
        params,
        after_epoch=lambda history: marks.append(perf_counter()),
    )
    epochs = [end - start for start, end in pairwise(marks[1:])]
    print(json.dumps({"epoch": median(epochs)}))


def start(units: int, batch_size: int, workers: int) -> None:
    """Start all workers, each on cores of its own; print what the first one does."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("", 0)) as second:
        ports = [server.getsockname()[1] for server in (first, second)]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports[:workers]]}
    shape = [str(units), str(batch_size), str(workers)]
    processes = []
    for rank in reversed(range(workers)):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": rank}})
        cores = "0,1" if workers == 1 else str(rank)
        command = [
            "taskset",
            "-c",
            cores,
            sys.executable,
            "-m",
            "benchmarks.workers",
            "one",
            *shape,
        ]
        environment = os.environ | ({"TF_CONFIG": config} if workers > 1 else {})
        processes.append(subprocess.Popen(command, env=environment))
    codes = [process.wait() for process in processes]
    if any(codes):
        sys.exit(1)


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure each shape with one worker and with two, in turn."""
    kinds = [(*shape, workers) for shape in SHAPES for workers in (1, 2)]
    return measure.interleave(
        {
            kind: [sys.executable, "-m", "benchmarks.workers", "start", *map(str, kind)]
            for kind in kinds
        },
        names=("units", "batch_size", "workers"),
        rounds=rounds,
    )


if __name__ == "__main__":
    {"one": one, "start": start}[sys.argv[1]](*map(int, sys.argv[2:]))
