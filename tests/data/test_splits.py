import numpy as np
import pytest

from digits.data import splits
from digits.data.splits import hold_out, scaled
from digits.errors import DigitsError
from digits.files.arrays import write_chunks


def test_255_becomes_1_and_rows_are_flattened():
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 0, 1] = 255
    images[0, 1, 0] = 51
    (got,) = scaled(images, np.array([0]))
    assert got.dtype == np.float32
    assert got.shape == (1, 784)
    assert got[0, 1] == 1.0
    assert got[0, 28] == np.float32(0.2)
    assert got.sum() == np.float32(1.2)


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 300])
def test_chunks_do_not_show_in_the_file(tmp_path, dataset, monkeypatch, count):
    monkeypatch.setattr(splits, "CHUNK", 7)
    rows = np.arange(count)[::-1]
    whole = dataset.train_images[rows].reshape(count, 784) / np.float32(255)
    chunks = scaled(dataset.train_images, rows)
    write_chunks(f"{tmp_path}/a.npy", chunks, whole.shape, whole.dtype)
    np.save(tmp_path / "b.npy", whole)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_nothing_is_held_out_by_default(dataset):
    assert not hold_out(dataset.train_labels, 0, seed=0).any()


def test_each_class_gives_its_share():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    held = hold_out(labels, 10, seed=0)
    assert np.bincount(labels[held]).tolist() == [6, 3, 1]


@pytest.mark.parametrize("count", [1, 7, 99])
def test_shares_that_are_no_whole_numbers_add_up(count):
    labels = np.repeat([0, 1, 2], [33, 33, 34])
    held = hold_out(labels, count, seed=0)
    assert held.sum() == count
    assert np.abs(np.bincount(labels[held], minlength=3) - count / 3).max() <= 1


def test_the_seed_decides_which_are_held_out(dataset):
    first, again, other = (hold_out(dataset.train_labels, 50, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_something_must_be_left_to_train_on(dataset):
    with pytest.raises(DigitsError, match="fewer than the 300 training examples, got 300"):
        hold_out(dataset.train_labels, 300, seed=0)
