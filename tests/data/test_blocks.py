from itertools import groupby

import numpy as np
import pytest

from digits.data import blocks
from digits.data.loading import Examples


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(blocks, "CHUNK", 8)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 63, 64, 65, 300])
@pytest.mark.parametrize("size", [5, 8, 64, 1000])
def test_every_example_is_once_in_a_full_block_in_file_order(count, size):
    got = list(blocks.shuffle_chunks(count, size, np.random.default_rng(0)))
    assert sorted(np.concatenate(got).tolist()) == list(range(count))
    assert [len(rows) for rows in got[:-1]] == [size] * (len(got) - 1)
    assert len(got) == -(-count // size)
    assert all((np.diff(rows) > 0).all() for rows in got)
    if (count, size) == (300, 64):
        assert min(np.ptp(rows) for rows in got) > 150  # from all over the file


@pytest.mark.parametrize(("rows", "reads"), [(64, 15), (128, 9), (65_536, 1)])
def test_an_epoch_holds_every_example_once_whatever_the_block(examples, monkeypatch, rows, reads):
    """And the only block is read once."""
    seen, calls, read = [], [], blocks._read
    monkeypatch.setattr(blocks, "ROWS", rows)
    monkeypatch.setattr(blocks, "_read", lambda *args: calls.append(args) or read(*args))
    for _, epoch in groupby(blocks.shuffled(examples, 32, seed=0, epochs=3), lambda b: b.epoch):
        parts = [(block.images[block.order], block.labels[block.order]) for block in epoch]
        assert [len(labels) % 32 for _, labels in parts[:-1]] == [0] * (len(parts) - 1)
        seen.append(np.concatenate([images for images, _ in parts]))
        labels = np.concatenate([labels for _, labels in parts])
        known = {image.tobytes(): label for image, label in zip(*examples, strict=True)}
        assert [known.pop(image.tobytes()) for image in seen[-1]] == labels.tolist()
        assert not known
    assert (seen[0] != seen[1]).any()
    assert len(calls) == reads


def test_in_one_block_the_shuffle_is_a_full_permutation(examples):
    """As it was when the results were made; also if epochs are skipped."""
    random = np.random.default_rng(7)
    wanted = [random.permutation(300) for _ in range(3)]
    for done in range(3):
        orders = [block.order for block in blocks.shuffled(examples, 32, 7, 3, done)]
        np.testing.assert_array_equal(orders, wanted[done:])


def test_in_order_is_the_order_of_the_file(examples, monkeypatch):
    monkeypatch.setattr(blocks, "ROWS", 64)
    parts = list(blocks.in_order(examples, 32))
    assert [len(part.labels) for part in parts] == [64, 64, 64, 64, 44]
    np.testing.assert_array_equal(np.concatenate([part.labels for part in parts]), examples.labels)
    assert [part.order.tolist() for part in parts] == [list(range(len(p.labels))) for p in parts]


PARTS = {
    "slice of a slice": lambda array: array[50:][50:150],
    "backwards": lambda array: array[::-1],
    "Fortran": lambda array: np.asfortranarray(array),
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_part_of_a_file_is_read_from_its_place(examples, part):
    some = Examples(*map(part, examples))
    (block,) = blocks.in_order(some, 32)
    assert block.images.dtype == np.float32
    assert block.images.flags.c_contiguous
    assert block.images.ctypes.data % 64 == 0
    np.testing.assert_array_equal(block.images, np.array(some.images))
    np.testing.assert_array_equal(block.labels, np.array(some.labels))
