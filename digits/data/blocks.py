"""Read examples in blocks, since a file may exceed memory."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Labels
from digits.data.loading import Examples
from digits.files.arrays import release

ROWS = 65_536
"""Examples in a block, at most: 205 MB of float32 images. MNIST's 60,000 are one block."""
CHUNK = 1_024
"""Examples that are read together: 3.2 MB, enough for the disk's full speed."""

T = TypeVar("T")
Rows: TypeAlias = NDArray[np.intp]


class Block(NamedTuple):
    """Examples in the order of the file, the order in which to take them, and their epoch."""

    images: NDArray[np.float32]
    labels: Labels
    order: Rows
    epoch: int = 0


def shuffled(
    examples: Examples, batch_size: int, seed: int, epochs: int, done: int = 0
) -> Iterator[Block]:
    """Yield blocks; those of an epoch hold every example exactly once, in random order.

    All blocks of an epoch but the last hold whole batches. done: how many epochs to skip.
    """
    size, count = rows_per_block(batch_size), len(examples.labels)
    deal, shuffle = np.random.default_rng([seed, 1]), np.random.default_rng(seed)

    @lru_cache(maxsize=1)  # the only block of an epoch is that of the next, too
    def read(rows: bytes) -> Examples:
        return _read(examples, np.frombuffer(rows, np.intp))

    for epoch in range(epochs):
        for rows in shuffle_chunks(count, size, deal):
            order = shuffle.permutation(len(rows))
            if epoch >= done:
                yield Block(*read(rows.tobytes()), order, epoch)


def in_order(examples: Examples, batch_size: int) -> Iterator[Block]:
    """Yield blocks that hold every example exactly once, in the order of the file."""
    size, count = rows_per_block(batch_size), len(examples.labels)
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        yield Block(*_read(examples, rows), rows - start)


def rows_per_block(batch_size: int) -> int:
    """Return the largest multiple of `batch_size` up to ROWS, at least `batch_size`."""
    return max(ROWS // batch_size, 1) * batch_size


def shuffle_chunks(count: int, size: int, random: np.random.Generator) -> Iterator[Rows]:
    """Yield the rows of blocks of `size` examples (the last: the rest), ascending in each block.

    More than one block is shuffled in two steps, as by CorgiPile (Xu et al., "Stochastic gradient
    descent without full data shuffle", 2022): here chunks of the whole file, then by `shuffled` the
    examples within each block. So a batch is drawn from the 64 chunks of its block.
    """
    starts = random.permutation(-(-count // CHUNK)) * CHUNK
    rows = (starts[:, np.newaxis] + np.arange(CHUNK)).ravel()
    rows = rows[rows < count]
    for start in range(0, count, size):
        yield np.sort(rows[start : start + size])


def prefetch(items: Iterator[T]) -> Iterator[T]:
    """Yield the items; make the next one, in a thread, while the caller works on the last."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        following = worker.submit(next, items, None)
        while (item := following.result()) is not None:
            following = worker.submit(next, items, None)
            yield item
            del item  # before the next one arrives, to save memory


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Make an array of any content, aligned to 64 bytes: TensorFlow uses it without a copy."""
    size = dtype.itemsize * math.prod(shape)
    memory = np.empty(size + 64, np.uint8)
    offset = -memory.ctypes.data % 64
    return memory[offset : offset + size].view(dtype).reshape(shape)


def _read(examples: Examples, rows: Rows) -> Examples:
    """Copy rows, in native byte order, chunk by chunk."""
    copies = []
    for array in examples:
        copy = empty((len(rows), *array.shape[1:]), array.dtype.newbyteorder("="))
        for start in range(0, len(rows), CHUNK):
            copy[start : start + CHUNK] = release(array)[rows[start : start + CHUNK]]
        copies.append(copy)
    return Examples(*copies)
