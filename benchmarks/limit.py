"""The machine's limit: its matrix products, and the training step as a share of them.

The arithmetic of a step of the hidden model, batch B = 32, layers 784 - H = 100 - 10: three
products for each layer (outputs, gradient of the weights, gradient of the inputs), the last not
for the first layer, 2 floating-point operations for each multiply-add:
    2 B (2 * 784 H + 3 * H 10) = 10.2 MFLOP.
Adam reads weight, gradient and two moments and writes weight and moments: 7 * 4 bytes for each
of 79,510 parameters = 2.2 MB a step.
"""

import json
import sys
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import measure

BATCH, PIXELS, UNITS, DIGITS, EXAMPLES = 32, 784, 100, 10, 60_000
STEPS = EXAMPLES // BATCH
FLOP = 2 * BATCH * (2 * PIXELS * UNITS + 3 * UNITS * DIGITS)
PARAMETERS = PIXELS * UNITS + UNITS + UNITS * DIGITS + DIGITS


def run(rounds: int) -> list[dict[str, Any]]:
    """Measure each rate in a process of its own, `rounds` times; return one row."""
    command = [sys.executable, "-m", "benchmarks.limit"]
    (row,) = measure.interleave({"hidden": command}, ("model",), rounds)
    return [row | {"step_mflop": FLOP / 1e6, "adam_mb": PARAMETERS * 28 / 1e6}]


def best(work: Any, times: int = 5) -> float:
    """Return the median seconds of a call, after one to warm up."""
    work()
    seconds = []
    for _ in range(times):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return median(seconds)


def large(size: int = 3000) -> float:
    """Return GFLOP/s of a large product: the better of numpy's BLAS and TensorFlow."""
    from digits.backend import tf

    a = np.random.default_rng(0).random((size, size), np.float32)
    t = tf.constant(a)
    seconds = min(best(lambda: a @ a), best(lambda: tf.matmul(t, t).numpy()))
    return 2 * size**3 / seconds / 1e9


def shapes() -> float:
    """Return GFLOP/s of a step's five products: the better of numpy's BLAS and an XLA loop."""
    from digits.backend import tf

    random = np.random.default_rng(0)
    x = random.random((STEPS, BATCH, PIXELS), np.float32)
    w1, w2 = random.random((PIXELS, UNITS), np.float32), random.random((UNITS, DIGITS), np.float32)
    h, d2 = random.random((BATCH, UNITS), np.float32), random.random((BATCH, DIGITS), np.float32)

    def numpy_loop() -> None:
        for batch in x:
            batch @ w1, h @ w2, h.T @ d2, d2 @ w2.T, batch.T @ h

    @tf.function(jit_compile=True)
    def xla_loop(x: Any, w1: Any, w2: Any, h: Any, d2: Any) -> Any:
        outputs, slope2, slope1 = tf.zeros((BATCH, DIGITS)), w2, w1
        for i in tf.range(STEPS):
            hidden = tf.matmul(x[i], w1)
            outputs = tf.matmul(hidden, w2)
            slope2 = tf.matmul(hidden, d2, transpose_a=True)
            slope1 = tf.matmul(x[i], tf.matmul(d2, w2, transpose_b=True), transpose_a=True)
        return outputs, slope2, slope1

    tensors = [tf.constant(array) for array in (x, w1, w2, h, d2)]
    seconds = min(best(numpy_loop), best(lambda: xla_loop(*tensors)[0].numpy()))
    return STEPS * FLOP / seconds / 1e9


def step() -> float:
    """Return GFLOP/s of the project's own training step: an epoch, without the first one."""
    from benchmarks.peers import project
    from digits.data.loading import read_examples

    marks = [perf_counter()]
    project("hidden", *read_examples("train"), lambda: marks.append(perf_counter()))
    return STEPS * FLOP / median(np.diff(marks)[1:]) / 1e9


if __name__ == "__main__":
    print(json.dumps({"large_product": large(), "step_products": shapes(), "step": step()}))
