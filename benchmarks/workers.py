"""Milliseconds for a step, by one machine of one core or by two with a wire between: `... workers`.

The machines are network namespaces of this one, each with a core of its own; the wire is a process
that passes packets on after a delay. Needs root, iproute2 and two cores.
"""

import fcntl
import json
import os
import select
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import measure
from digits.data.loading import Examples, read_examples
from digits.models import hidden
from digits.params.train import TrainParams
from digits.workers.meeting import meet

DELAYS = (0.1, 1.0)
"""Milliseconds for which a packet is on its way."""
SHAPES = [
    *(("dense", units, batch) for units in (100, 2_048) for batch in (32, 256, 1_024)),
    *(("convolutional", 32, batch) for batch in (32, 256, 1_024)),
]
"""Kind of model; units of the hidden layer, or filters; examples of all workers in a step."""
STEPS, EPOCHS = 8, 4
TUN, SET_NAME = 0x0001 | 0x1000, 0x400454CA
"""Linux's IFF_TUN | IFF_NO_PI and TUNSETIFF: a network device that a program reads and writes."""
MTU = 65_000


def convolutional(pixels: int, classes: int, filters: int) -> Any:
    """Make two convolutions of 3 x 3, each followed by a pooling, and a dense layer."""
    from digits.backend import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((pixels,)),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(filters, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(2 * filters, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(classes, activation="softmax"),
        ],
        name="convolutional",
    )


def one(kind: str, units: int, batch_size: int, workers: int) -> None:
    """Train in this process; as the first or only worker, print how long a step takes."""
    from digits.training.train import train

    build: Callable[..., Any] = partial(hidden.build, units=units)
    if kind == "convolutional":
        build = partial(convolutional, filters=units)
    marks, count = [perf_counter()], min(STEPS * max(batch_size, 256), 60_000)
    training = Examples(*(array[:count] for array in read_examples("train")))
    params = TrainParams(
        seed=0,
        epochs=EPOCHS,
        batch_size=batch_size,
        learning_rate=0.001,
        workers=workers,
        device="cpu",
        patience=None,
    )
    meet(params)
    train(
        build,
        training,
        Examples(training.images[:0], training.labels[:0]),
        params,
        after_epoch=lambda history: marks.append(perf_counter()),
    )
    epochs = [end - start for start, end in pairwise(marks[1:])]
    if epochs:  # of the first worker
        print(json.dumps({"step": 1000 * median(epochs) / (count // batch_size)}))


def start(kind: str, units: int, batch_size: int, delay: float) -> None:
    """Start two workers, or for a delay below 0 one, each on a core; print what the first does."""
    addresses = ["10.9.0.1", "10.9.0.2"]
    cluster = {"worker": [f"{address}:3333" for address in addresses]}
    with ExitStack() as stack:
        prefixes: list[list[str]] = [[]]
        if delay >= 0:
            prefixes = [["ip", "netns", "exec", f"bench-{address}"] for address in addresses]
            ends = [machine(stack, address) for address in addresses]
            if not (child := os.fork()):
                wire(ends, delay / 1000)
            stack.callback(os.kill, child, 9)
        processes = []
        for rank, prefix in enumerate(prefixes):
            config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": rank}})
            words = [kind, str(units), str(batch_size), str(len(prefixes))]
            command = [
                "taskset",
                "-c",
                str(rank),
                sys.executable,
                "-m",
                "benchmarks.workers",
                "one",
            ]
            environment = os.environ | ({"TF_CONFIG": config} if len(prefixes) > 1 else {})
            output = subprocess.DEVNULL if rank else None
            command = [*prefix, *command, *words]
            processes.append(subprocess.Popen(command, env=environment, stdout=output))
        codes = [process.wait() for process in processes]
        if any(codes):
            sys.exit(1)


def machine(stack: ExitStack, address: str) -> int:
    """Make a machine of this address until the stack ends; return the open end of its wire."""
    name, device = f"bench-{address}", f"tun{address[-1]}"
    end = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(end, SET_NAME, struct.pack("16sH", device.encode(), TUN))
    subprocess.run(["ip", "netns", "add", name], check=True)
    stack.callback(subprocess.run, ["ip", "netns", "delete", name])
    subprocess.run(["ip", "link", "set", device, "netns", name], check=True)
    for words in (
        f"addr add {address}/24 dev {device}",
        f"link set {device} up mtu {MTU}",
        "link set lo up",
    ):
        subprocess.run(["ip", "-n", name, *words.split()], check=True)
    return end


def wire(ends: list[int], delay: float) -> None:
    """Pass packets on, each `delay` seconds after it has come."""
    left: deque[tuple[float, int, bytes]] = deque()
    while True:
        wait = max(0.0, left[0][0] - perf_counter()) if left else None
        for end in select.select(ends, [], [], wait)[0]:
            packet = os.read(end, MTU + 100)
            left.append((perf_counter() + delay, ends[1 - ends.index(end)], packet))
        while left and left[0][0] <= perf_counter():
            _, end, packet = left.popleft()
            os.write(end, packet)


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure each shape with one worker, and with two at each delay, in turn."""
    kinds = [(*shape, delay) for shape in SHAPES for delay in (-1.0, *DELAYS)]
    return measure.interleave(
        {
            kind: [sys.executable, "-m", "benchmarks.workers", "start", *map(str, kind)]
            for kind in kinds
        },
        names=("kind", "units", "batch_size", "delay"),
        rounds=rounds,
    )


if __name__ == "__main__":
    kind, units, batch_size, last = sys.argv[2:]
    if sys.argv[1] == "one":
        one(kind, int(units), int(batch_size), int(last))
    else:
        start(kind, int(units), int(batch_size), float(last))
