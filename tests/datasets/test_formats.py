"""Files in which data sets come: read as they are, or refused, in little memory, with one error."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from digits.data.dataset import check_dataset, idx_header
from digits.datasets import formats
from digits.datasets.formats import read_idx_folder, read_npz
from digits.errors import SourceError

NAMES = ("x_train", "y_train", "x_test", "y_test")
LABELS = "t10k-labels-idx1-ubyte"


def assert_same(got, wanted):
    for got_array, wanted_array in zip(got, wanted, strict=True):
        assert got_array.dtype == np.uint8
        np.testing.assert_array_equal(got_array, wanted_array)


def write_npz(path, dataset):
    np.savez(path, **dict(zip(NAMES, dataset, strict=True)))
    return path


def write_idx(folder, dataset, suffix="", dot="-"):
    """Write the data set as four IDX files."""
    folder.mkdir(exist_ok=True)
    parts = [("train-images", 3), ("train-labels", 1), ("t10k-images", 3), ("t10k-labels", 1)]
    for (stem, rank), array in zip(parts, dataset, strict=True):
        content = idx_header(array) + array.tobytes()
        path = folder / f"{stem}{dot}idx{rank}-ubyte{suffix}"
        path.write_bytes(gzip.compress(content, mtime=0) if suffix else content)
    return folder


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dot", ["-", "."])
def test_idx_files_under_any_of_their_names(tmp_path, dataset, suffix, dot):
    assert_same(read_idx_folder(write_idx(tmp_path, dataset, suffix, dot)), dataset)


def test_folders_of_the_same_names_are_passed_over(tmp_path, dataset):
    write_idx(tmp_path, dataset, dot=".")
    (tmp_path / LABELS).mkdir()
    assert_same(read_idx_folder(tmp_path), dataset)


@pytest.fixture
def refused():
    """Read a file or a folder; it must be refused in little memory."""

    def read(reader, path):
        tracemalloc.start()
        try:
            with pytest.raises(SourceError) as fault:
                check_dataset(reader(path))
            assert tracemalloc.get_traced_memory()[1] < 30e6
        finally:
            tracemalloc.stop()
        return str(fault.value)

    return read


def npy(array, **announced):
    """An .npy file whose header may announce something else than what follows."""
    header = np.lib.format.header_data_from_array_1_0(array) | announced
    np.lib.format.write_array_header_1_0(file := io.BytesIO(), header)
    return file.getvalue() + array.tobytes()


ZERO = np.zeros(0, np.uint8)
MEMBERS = {
    "objects, pickled": (npy(np.array([None], object)), "expected uint8, got object"),
    "float64": (npy(np.zeros(3)), "expected uint8, got float64"),
    "another shape": (npy(np.zeros((3, 27, 28), np.uint8)), "expected images (n, "),
    "2^40 announced": (npy(ZERO, shape=(2**40,)), "announces 1,099,511,627,776 bytes"),
    "a negative size": (npy(ZERO, shape=(-1,)), "announces -1 bytes"),
    "fewer than announced": (npy(np.zeros(9, np.uint8), shape=(10,)), "the file holds 9"),
    "more than announced": (npy(np.zeros(9, np.uint8), shape=(8,)), "the file holds more"),
    "a header cut short": (npy(ZERO)[:20], "EOF"),
    "version 9": (b"\x93NUMPY\x09\x00" + npy(ZERO)[8:], "got (0,)"),
}


@pytest.mark.parametrize("case", MEMBERS)
def test_a_hostile_member_of_an_npz(refused, tmp_path, dataset, case):
    content, message = MEMBERS[case]
    with (
        zipfile.ZipFile(write_npz(tmp_path / "good.npz", dataset)) as good,
        zipfile.ZipFile(tmp_path / "bad.npz", "w") as bad,
    ):
        for member in good.namelist():
            bad.writestr(member, content if member == "x_train.npy" else good.read(member))
    assert message in refused(read_npz, tmp_path / "bad.npz")


@pytest.mark.parametrize(
    ("kind", "size", "message"),
    [
        (zipfile.ZIP_DEFLATED, 40, "the limit is 2,097,152"),
        (zipfile.ZIP_LZMA, 1, "expected deflate"),
    ],
)
def test_a_zip_bomb(refused, tmp_path, monkeypatch, kind, size, message):
    monkeypatch.setattr(formats, "MAX_BYTES", 2**21)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", kind) as archive:
        for name in NAMES:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(npy(ZERO, shape=(2**40,)))
                for _ in range(size):
                    member.write(bytes(2**20))
    assert message in refused(read_npz, tmp_path / "bomb.npz")


def test_members_that_climb_out_are_never_extracted(refused, tmp_path):
    path = tmp_path / "deep/climbing.npz"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name in NAMES:
            archive.writestr(f"../{name}.npy", npy(np.zeros(3, np.uint8)))
    assert "There is no item named 'x_train.npy'" in refused(read_npz, path)
    assert sorted(tmp_path.rglob("*")) == [path.parent, path]


def test_a_damaged_or_encrypted_zip(refused, tmp_path, dataset):
    path = write_npz(tmp_path / "mnist.npz", dataset)
    good = path.read_bytes()
    damaged = [good[:place] + b"\xff" + good[place + 1 :] for place in (300, 9000, 200_000)]
    for content in [*damaged, b"", good[: len(good) // 2], b"<html>not found</html>"]:
        path.write_bytes(content)
        assert "mnist.npz cannot be read: " in refused(read_npz, path)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag of encryption
        for start in [place for place in range(len(good)) if good.startswith(mark, place)]:
            good = good[: start + offset] + b"\x01" + good[start + offset + 1 :]
    path.write_bytes(good)
    assert "encrypted" in refused(read_npz, path)


def idx(*sizes, content=b"", start=b"\x00\x00\x08"):
    return start + bytes([len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + content


IDX = {
    "another type": (idx(3, content=b"abc", start=b"\x00\x00\x0d"), "got 00 00 0d 01"),
    "images for labels": (idx(100, 28, 28, content=bytes(100 * 784)), "expected images"),
    "fewer than announced": (idx(100, content=bytes(99)), "announces 100 bytes, the file holds 99"),
    "other labels": (idx(99, content=bytes(99)), "got (100, 28, 28) and (99,)"),
}


@pytest.mark.parametrize("case", IDX)
def test_a_bad_idx_file(refused, tmp_path, dataset, case):
    content, message = IDX[case]
    write_idx(tmp_path, dataset)
    (tmp_path / LABELS).write_bytes(content)
    assert message in refused(read_idx_folder, tmp_path)


def test_bad_gzip_and_a_missing_file(refused, tmp_path, dataset):
    write_idx(tmp_path, dataset, ".gz")
    labels = tmp_path / f"{LABELS}.gz"
    good = labels.read_bytes()
    bomb = gzip.compress(idx(100) + bytes(2**26), 1)
    for content in (b"", b"garbage", good[:-9], good[:20] + b"\xff" + good[21:], bomb):
        labels.write_bytes(content)
        assert "t10k-labels" in refused(read_idx_folder, tmp_path)
    labels.unlink()
    assert f"expected a file {LABELS} or {LABELS}.gz" in refused(read_idx_folder, tmp_path)
