"""Read examples in blocks, since a file may exceed memory; read one block ahead."""

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
"""Examples in a block, at most: 205 MB of float32 images. MNIST's 60,000 are one block."""
CHUNK = 1_024
"""Examples that are read together: 3.2 MB, enough for the disk's full speed."""

T = TypeVar("T")
Rows: TypeAlias = NDArray[np.intp]


class Block(NamedTuple):
    """Examples in the order of the file, and the order in which to take them."""

    images: NDArray[np.float32]
    labels: Labels
    order: Rows


def shuffled(
    examples: Examples, batch_size: int, seed: int, epochs: int, done: int = 0
) -> Iterator[Iterator[Block]]:
    """Return epochs; each yields blocks that hold every example exactly once, in random order.

    All blocks of an epoch but the last hold whole batches. done: how many epochs to skip. The
    first block is being read when this returns.
    """
    size, count = rows_per_block(batch_size), len(examples.labels)
    deal, shuffle = np.random.default_rng([seed, 1]), np.random.default_rng(seed)
    for _ in range(done):
        for rows in shuffle_chunks(count, size, deal):
            shuffle.permutation(len(rows))
    dealing = (rows for _ in range(epochs - done) for rows in shuffle_chunks(count, size, deal))
    blocks = read_ahead(examples, dealing)

    def epoch() -> Iterator[Block]:
        for _ in range(-(-count // size)):
            block = next(blocks)
            yield Block(*block, shuffle.permutation(len(block.labels)))
            del block  # or there were three in memory, not two

    return (epoch() for _ in range(epochs - done))


def in_order(examples: Examples, batch_size: int) -> Iterator[Block]:
    """Yield blocks that hold every example exactly once, in the order of the file."""
    size, count = rows_per_block(batch_size), len(examples.labels)
    rows = (np.arange(start, min(start + size, count)) for start in range(0, count, size))
    for block in read_ahead(examples, rows):
        yield Block(*block, np.arange(len(block.labels)))
        del block


def rows_per_block(batch_size: int) -> int:
    """Return the largest multiple of `batch_size` up to ROWS, at least `batch_size`."""
    return max(ROWS // batch_size, 1) * batch_size


def shuffle_chunks(count: int, size: int, random: np.random.Generator) -> Iterator[Rows]:
    """Yield the rows of blocks of `size` examples (the last: the rest), ascending in each block.

    Examples that fit in one block get a full shuffle. Others are shuffled in two steps, as by
    CorgiPile (Xu et al., "Stochastic gradient descent without full data shuffle", 2022): here
    chunks of the whole file, then by `shuffled` the examples within each block. So a batch is drawn
    from the 64 chunks of its block. That costs nothing if the file is in random order, and little
    if a block holds chunks from all parts of it.
    """
    starts = random.permutation(-(-count // CHUNK)) * CHUNK
    rows = (starts[:, np.newaxis] + np.arange(CHUNK)).ravel()
    rows = rows[rows < count]
    for start in range(0, count, size):
        yield np.sort(rows[start : start + size])


def read_ahead(examples: Examples, blocks: Iterable[Rows]) -> Iterator[Examples]:
    """Return the examples of each block; read the next one while the caller computes.

    A block that repeats the one before (the only one, in the next epoch) is not read again.
    """
    plan = ((rows, sum(1 for _ in same)) for rows, same in groupby(blocks, np.ndarray.tobytes))
    readings = prefetch((_read_block(examples, rows), times) for rows, times in plan)
    return (block for block, times in readings for block in repeat(block, times))


def prefetch(items: Iterator[T]) -> Iterator[T]:
    """Return the items; make the next one, in a thread, while the caller works on the last.

    The first item is being made when this returns.
    """
    worker = ThreadPoolExecutor(max_workers=1)
    following = worker.submit(next, items, None)

    def results() -> Iterator[T]:
        nonlocal following
        with worker:
            while (item := following.result()) is not None:
                following = worker.submit(next, items, None)
                yield item
                del item  # before the next one arrives, to save memory

    return results()


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Make an array of any content, aligned to 64 bytes: TensorFlow uses it without a copy."""
    size = dtype.itemsize * math.prod(shape)
    memory = np.empty(size + 64, np.uint8)
    offset = -memory.ctypes.data % 64
    return memory[offset : offset + size].view(dtype).reshape(shape)


def _read_block(examples: Examples, content: bytes) -> Examples:
    rows = np.frombuffer(content, np.intp)
    return Examples(*(_copy_rows(array, rows) for array in examples))


def _copy_rows(array: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Copy rows, in native byte order; map the file anew for each chunk, to save memory."""
    copy = empty((len(rows), *array.shape[1:]), array.dtype.newbyteorder("="))
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        copy[part] = remap(array)[rows[part]]
    return copy
