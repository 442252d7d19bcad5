import numpy as np
import pytest

from digits.data import splits
from digits.data.splits import normalize, stratified_sample
from digits.errors import DigitsError
from digits.files.arrays import write_chunks
from stages.explore import statistics


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 300])
def test_chunks_do_not_show_in_the_file(tmp_path, dataset, monkeypatch, count):
    monkeypatch.setattr(splits, "CHUNK", 7)
    rows = np.arange(count)[::-1]
    whole = dataset.train_images[rows].reshape(count, 784) / np.float32(255)
    chunks = normalize(dataset.train_images, rows)  # 255 becomes 1
    write_chunks(f"{tmp_path}/a.npy", chunks, whole.shape, whole.dtype)
    np.save(tmp_path / "b.npy", whole)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


@pytest.mark.parametrize(
    ("sizes", "count", "wanted"),
    [
        ([60, 30, 10], 10, [6, 3, 1]),
        ([33, 33, 34], 1, [0, 0, 1]),
        ([33, 33, 34], 99, [33, 33, 33]),
    ],
)
def test_each_class_has_its_share(sizes, count, wanted):
    labels = np.repeat([0, 1, 2], sizes)
    chosen = stratified_sample(labels, count, seed=0)
    assert np.bincount(labels[chosen], minlength=3).tolist() == wanted


def test_the_seed_decides_which_are_chosen(dataset):
    first, again, other = (stratified_sample(dataset.train_labels, 50, s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    with pytest.raises(DigitsError, match="fewer than the 300 training examples, got 300"):
        stratified_sample(dataset.train_labels, 300, seed=0)


def test_statistics_are_those_of_the_arrays(dataset):
    images, labels = dataset.train_images[:100], dataset.train_labels[:100] % 9
    found = statistics(images, labels, list("0123456789"))
    assert (found["shape"], found["dtype"]) == ([100, 28, 28], "uint8")
    assert (found["min"], found["max"]) == (images.min(), images.max())
    assert found["mean"] == round(float((images / 255).mean()), 6)
    assert found["deviation"] == round(float((images / 255).std()), 6)
    assert [*found["examples"].values()] == np.bincount(labels, minlength=10).tolist()
