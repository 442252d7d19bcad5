"""Read examples block by block, one block ahead of the computing: a file may exceed memory."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

ROWS = 65_536
"""Examples in a block, about: 205 MB of float32 images. MNIST's 60,000 are one block."""
CHUNK = 1_024
"""Examples that stay together: 3.2 MB, enough for reading at the disk's full speed."""

Examples: TypeAlias = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Images, float32 (n, 784), 0-1, and labels, uint8 (n,), memory-mapped from .npy files."""
Runs: TypeAlias = tuple[tuple[int, int], ...]
"""The rows of a block: from a first to (not including) a last one, in the order of the file."""


class Block(NamedTuple):
    """Some of the examples, as they are in the file, and the order in which to take them."""

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    order: NDArray[np.intp]


def shuffled(
    examples: Examples, batch_size: int, seed: int, epochs: int
) -> Iterator[Iterator[Block]]:
    """Return epochs; each yields blocks that hold every example exactly once, in random order.

    Only the last block of an epoch has a number of examples that batch_size may not divide.
    The first block is being read when this returns.
    """
    rows, count = rows_per_block(batch_size), len(examples[1])
    deal, shuffle = np.random.default_rng([seed, 1]), np.random.default_rng(seed)
    parts = read_ahead(examples, (runs for _ in range(epochs) for runs in dealt(count, rows, deal)))

    def epoch() -> Iterator[Block]:
        for images, labels in islice(parts, -(-count // rows)):
            yield Block(images, labels, shuffle.permutation(len(labels)))
            del images, labels  # or there were three blocks in memory, not two

    return (epoch() for _ in range(epochs))


def in_order(examples: Examples, batch_size: int, most_rows: int | None = None) -> Iterator[Block]:
    """Yield blocks that hold every example exactly once, in the order of the file.

    most_rows: how many examples a block may hold; ROWS by default.
    """
    rows, count = rows_per_block(batch_size, most_rows), len(examples[1])
    runs = (((start, min(start + rows, count)),) for start in range(0, count, rows))
    for images, labels in read_ahead(examples, runs):
        yield Block(images, labels, np.arange(len(labels)))
        del images, labels


def rows_per_block(batch_size: int, most_rows: int | None = None) -> int:
    """Return the largest multiple of `batch_size` that is within `most_rows` (ROWS by default).

    And `batch_size` itself where that is more.
    """
    return max((most_rows or ROWS) // batch_size, 1) * batch_size


def dealt(count: int, rows: int, random: np.random.Generator) -> Iterator[Runs]:
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
        while stop - start >= room:
            block.append((start, start + room))
            yield tuple(sorted(block))
            start, block, room = start + room, [], rows
        if start < stop:
            block.append((start, stop))
            room -= stop - start
    if block:
        yield tuple(sorted(block))


def read_ahead(
    examples: Examples, blocks: Iterable[Runs]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
    """Return images and labels of each block; read the next one while the caller computes.

    A block that is the same as the one before (the only one, in the next epoch) is not read again.
    """
    reader = ThreadPoolExecutor(max_workers=1)
    left = iter(blocks)
    runs = next(left, ())
    ahead = [reader.submit(_read, examples, runs)]  # emptied, as a future keeps what it returned

    def read() -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
        with reader:
            current, of = ahead.pop().result(), runs
            for next_runs in left:
                if next_runs != of:
                    ahead.append(reader.submit(_read, examples, next_runs))
                yield current
                if ahead:
                    current, of = ahead.pop().result(), next_runs
            yield current

    return read() if runs else iter(())


def _read(examples: Examples, runs: Runs) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    images, labels = (_rows(array, runs) for array in examples)
    return images, labels


def _rows(array: NDArray[Any], runs: Runs) -> NDArray[Any]:
    """Copy rows out of a .npy file by reading it: pages of its mapping would stay in memory."""
    assert isinstance(array, np.memmap)
    assert array.filename is not None
    row = array.itemsize * int(np.prod(array.shape[1:]))
    rows = _aligned((sum(stop - start for start, stop in runs), *array.shape[1:]), array.dtype)
    place = rows.reshape(-1).view(np.uint8).data
    with Path(array.filename).open("rb", buffering=0) as file:
        for start, stop in runs:
            file.seek(array.offset + start * row)
            size = (stop - start) * row
            while size:
                read = file.readinto(place[:size])
                if not read:
                    raise OSError(f"{array.filename} ended before row {stop}")
                place, size = place[read:], size - read
    return rows


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Allocate an array at a multiple of 64 bytes, where TensorFlow can use it without a copy."""
    size = dtype.itemsize * int(np.prod(shape))
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)
