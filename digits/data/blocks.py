"""Read examples block by block, one block ahead of the computing: a file may exceed memory."""

import math
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, repeat
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Labels
from digits.data.loading import Examples
from digits.files.arrays import remap

ROWS = 65_536
"""Examples in a block, about: 205 MB of float32 images. MNIST's 60,000 are one block."""
CHUNK = 1_024
"""Examples that stay together: 3.2 MB, enough for reading at the disk's full speed."""

T = TypeVar("T")
Runs: TypeAlias = tuple[tuple[int, int], ...]
"""The rows of a block: from a first to (not including) a last one, in the order of the file."""


class Block(NamedTuple):
    """Some of the examples, as they are in the file, and the order in which to take them."""

    images: NDArray[np.float32]
    labels: Labels
    order: NDArray[np.intp]


def shuffled(
    examples: Examples, batch_size: int, seed: int, epochs: int, done: int = 0
) -> Iterator[Iterator[Block]]:
    """Return epochs; each yields blocks that hold every example exactly once, in random order.

    Only the last block of an epoch has a number of examples that batch_size may not divide.
    The first block is being read when this returns.
    done: how many epochs are left out at the beginning.
    """
    rows, count = rows_per_block(batch_size), len(examples.labels)
    deal, shuffle = np.random.default_rng([seed, 1]), np.random.default_rng(seed)
    for _ in range(done):
        for runs in shuffle_chunks(count, rows, deal):
            shuffle.permutation(sum(stop - start for start, stop in runs))
    dealing = (runs for _ in range(epochs - done) for runs in shuffle_chunks(count, rows, deal))
    blocks = read_ahead(examples, dealing)

    def epoch() -> Iterator[Block]:
        for _ in range(-(-count // rows)):
            block = next(blocks)
            yield Block(*block, shuffle.permutation(len(block.labels)))
            del block  # or there were three in memory, not two

    return (epoch() for _ in range(epochs - done))


def in_order(examples: Examples, batch_size: int) -> Iterator[Block]:
    """Yield blocks that hold every example exactly once, in the order of the file."""
    rows, count = rows_per_block(batch_size), len(examples.labels)
    runs = (((start, min(start + rows, count)),) for start in range(0, count, rows))
    for block in read_ahead(examples, runs):
        yield Block(*block, np.arange(len(block.labels)))
        del block


def rows_per_block(batch_size: int) -> int:
    """Return the largest multiple of `batch_size` within ROWS; `batch_size` where that is more."""
    return max(ROWS // batch_size, 1) * batch_size


def shuffle_chunks(count: int, rows: int, random: np.random.Generator) -> Iterator[Runs]:
    """Yield blocks of `rows` examples (the last: the rest), their chunks dealt at random.

    What fits in one block is that block, and shuffling it is a full shuffle. What does not is
    shuffled in two steps, as by CorgiPile (Xu et al., "Stochastic gradient descent without full
    data shuffle", 2022): here chunks of neighbours over the whole file, then by `shuffled` the
    examples within each block. Every example comes once an epoch, but a batch is drawn from the
    64 chunks of its block only. How much that costs depends on how alike neighbours are: nothing
    where the file is in random order; little where a block holds chunks from all parts of it.
    """
    starts = random.permutation(-(-count // CHUNK)) * CHUNK
    block: list[tuple[int, int]] = []
    room = rows
    for start in starts.tolist():
        stop = min(start + CHUNK, count)
        while start < stop:
            end = min(stop, start + room)
            block.append((start, end))
            room -= end - start
            start = end
            if not room:
                yield tuple(sorted(block))
                block, room = [], rows
    if block:
        yield tuple(sorted(block))


def read_ahead(examples: Examples, blocks: Iterable[Runs]) -> Iterator[Examples]:
    """Return the examples of each block; read the next one while the caller computes.

    A block that is the same as the one before (the only one, in the next epoch) is not read again.
    The first block is being read when this returns.
    """
    plan = ((runs, sum(1 for _ in same)) for runs, same in groupby(blocks))
    readings = prefetch((_read(examples, runs), times) for runs, times in plan)
    return (block for block, times in readings for block in repeat(block, times))


def prefetch(items: Iterator[T]) -> Iterator[T]:
    """Return the items; make the next one, in a thread, while the caller works on the last.

    The first is being made when this returns.
    """
    worker = ThreadPoolExecutor(max_workers=1)
    following = worker.submit(next, items, None)

    def made() -> Iterator[T]:
        nonlocal following
        with worker:
            while (item := following.result()) is not None:
                following = worker.submit(next, items, None)
                yield item
                del item  # before the next is waited for

    return made()


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Make an array of any content.

    It begins at a multiple of 64 bytes, where TensorFlow can use it without a copy.
    """
    size = dtype.itemsize * math.prod(shape)
    memory = np.empty(size + 64, np.uint8)
    offset = -memory.ctypes.data % 64
    return memory[offset : offset + size].view(dtype).reshape(shape)


def _read(examples: Examples, runs: Runs) -> Examples:
    return Examples(*(_rows(array, runs) for array in examples))


def _rows(array: NDArray[Any], runs: Runs) -> NDArray[Any]:
    """Copy rows, in native byte order; from a mapping made anew for each chunk: see `fresh`."""
    shape = (sum(stop - start for start, stop in runs), *array.shape[1:])
    rows = empty(shape, array.dtype.newbyteorder("="))
    begin = 0
    for run in runs:
        for start in range(*run, CHUNK):
            chunk = remap(array)[start : min(start + CHUNK, run[1])]
            rows[begin : begin + len(chunk)] = chunk
            begin += len(chunk)
    return rows
