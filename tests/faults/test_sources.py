"""Files of one's own that are damaged or hostile, as fetch.source: refused, in bounded memory."""

import gzip
import io
import os
import pickle
import re
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from digits.data.dataset import idx_header
from tests.data.test_dataset import write_idx
from tests.datasets.test_formats import write_npz
from tests.faults.ending import fails, main_of

NAMES = ("x_train", "y_train", "x_test", "y_test")
HUGE = 2**40


def npy(array, **announced):
    """An .npy file whose header may announce something else than what follows."""
    file = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(array) | announced
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + array.tobytes()


class Trap:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def pickled():
    file = io.BytesIO()
    np.save(file, np.array([Trap()], object), allow_pickle=True)
    return file.getvalue()


def encrypted(content):
    """Set the flag that says so, in the local headers and in the directory."""
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content = re.sub(
            re.escape(mark) + b"." * (offset - 4) + b".",
            lambda match: match[0][:-1] + b"\x01",
            content,
            flags=re.DOTALL,
        )
    return content


ZERO = np.zeros(0, np.uint8)
MEMBERS = {
    "objects, pickled": pickled(),
    "a pickle alone": pickle.dumps([Trap()]),
    "no .npy": b"hello",
    "an empty member": b"",
    "float64": npy(np.zeros(3)),
    "strings": npy(np.array(["a"])),
    "a structure": npy(np.zeros(2, [("a", "u1")])),
    "another shape": npy(np.zeros((3, 27, 28), np.uint8)),
    "no rank": npy(np.uint8(3)),
    "2^40 announced": npy(ZERO, shape=(HUGE,)),
    "2^40 announced, in three sizes": npy(ZERO, shape=(2**14, 2**13, 2**13)),
    "a negative size": npy(ZERO, shape=(-1,)),
    "two negative sizes": npy(np.zeros(6, np.uint8), shape=(-2, -3)),
    "fewer than announced": npy(np.zeros(9, np.uint8), shape=(10,)),
    "more than announced": npy(np.zeros(9, np.uint8), shape=(8,)),
    "a header of code": b"\x93NUMPY\x01\x00\x20\x00__import__('os').mkdir('unpickled')",
    "a header cut short": npy(ZERO)[:20],
    "version 9": b"\x93NUMPY\x09\x00" + npy(ZERO)[8:],
    "a header that ends nowhere": b"\x93NUMPY\x01\x00\x05\x00{'a':",
}


@pytest.fixture
def fetch_from(shared):
    """Run the stage with a source; it must fail, in little memory, and run nothing."""

    def run(source):
        shared.set("fetch.source", str(source))
        main = main_of("fetch")
        tracemalloc.start()
        try:
            message = fails(shared, main)
            assert tracemalloc.get_traced_memory()[1] < 30e6
        finally:
            tracemalloc.stop()
        assert not shared.path("unpickled").exists()
        return message

    return run


@pytest.mark.fault("fetch: a hostile .npz member")
@pytest.mark.parametrize("case", MEMBERS)
def test_a_hostile_member(fetch_from, tmp_path, dataset, case):
    for name in ("y_test", "x_train"):
        write_npz(tmp_path / "good.npz", dataset)
        with (
            zipfile.ZipFile(tmp_path / "good.npz") as good,
            zipfile.ZipFile(tmp_path / "bad.npz", "w") as bad,
        ):
            for member in good.namelist():
                content = good.read(member)
                bad.writestr(member, MEMBERS[case] if member == f"{name}.npy" else content)
        fetch_from(tmp_path / "bad.npz")


def bomb(path, size, compression):
    """Zeros, `size` MiB in each member, that unpack to a thousand times what they take."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name in NAMES:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(npy(ZERO, shape=(HUGE,)))
                for _ in range(size):
                    member.write(bytes(2**20))


@pytest.mark.fault("fetch: a hostile zip")
@pytest.mark.parametrize(
    ("kind", "size", "message"),
    [
        (zipfile.ZIP_DEFLATED, 300, "the limit is 268,435,456"),
        (zipfile.ZIP_BZIP2, 1, "another method than deflate"),
        (zipfile.ZIP_LZMA, 1, "another method than deflate"),
    ],
)
def test_a_zip_bomb(fetch_from, tmp_path, kind, size, message):
    bomb(tmp_path / "bomb.npz", size, kind)
    assert message in fetch_from(tmp_path / "bomb.npz")


@pytest.mark.fault("fetch: a hostile zip")
def test_members_that_climb_out_are_never_extracted(fetch_from, tmp_path, dataset):
    path = tmp_path / "deep/deep/climbing.npz"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in NAMES:
            archive.writestr(f"../../{name}.npy", npy(np.zeros(3, np.uint8)))
        archive.writestr("/tmp/climbed.npy", b"")  # noqa: S108
    before = sorted(tmp_path.rglob("*"))
    assert "There is no item named 'x_train.npy'" in fetch_from(path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.fault("fetch: a hostile zip")
def test_an_encrypted_zip(fetch_from, tmp_path, dataset):
    write_npz(tmp_path / "good.npz", dataset)
    path = tmp_path / "locked.npz"
    path.write_bytes(encrypted((tmp_path / "good.npz").read_bytes()))
    assert "encrypted" in fetch_from(path)


@pytest.mark.fault("fetch: a damaged .npz", tried=9)
def test_a_zip_cut_short_or_flipped(fetch_from, tmp_path, dataset):
    write_npz(tmp_path / "good.npz", dataset)
    good = (tmp_path / "good.npz").read_bytes()
    damaged = [good[: len(good) * share // 100] for share in (0, 1, 25, 50, 99)]
    damaged += [good[:place] + b"\xff" + good[place + 1 :] for place in (300, 9000, 200_000)]
    for content in [*damaged, b"<html></html>"]:
        (tmp_path / "bad.npz").write_bytes(content)
        fetch_from(tmp_path / "bad.npz")


def idx(*sizes, content=b"", start=b"\x00\x00\x08"):
    return start + bytes([len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + content


IDX = {
    "empty": b"",
    "another magic": idx(3, content=b"abc", start=b"\x00\x00\x0d"),
    "an HTML page": b"<html></html>",
    "a header cut short": idx(300, 28, 28)[:9],
    "other dimensions": idx(300, 27, 28, content=bytes(300 * 27 * 28)),
    "rank 1 for 3": idx(300, content=bytes(300)),
    "rank 200": b"\x00\x00\x08\xc8" + bytes(800),
    "2^40 announced": idx(2**20, 2**10, 2**10),
    "2^96 announced": idx(2**32 - 1, 2**32 - 1, 2**32 - 1),
    "fewer than announced": idx(300, 28, 28, content=bytes(300 * 28 * 28 - 1)),
    "more than announced": idx(300, 28, 28, content=bytes(300 * 28 * 28 + 1)),
    "fewer images than labels": idx(299, 28, 28, content=bytes(299 * 28 * 28)),
    "none": idx(0, 28, 28),
    "other images": idx(300, 28, 28, content=bytes(300 * 28 * 28)),
}


@pytest.mark.fault("fetch: a bad IDX file", tried=2)
@pytest.mark.parametrize("case", IDX)
def test_a_bad_idx_file(fetch_from, tmp_path, dataset, case):
    for suffix in ("", ".gz"):
        folder = tmp_path / f"idx{suffix}"
        folder.mkdir()
        write_idx(folder, dataset, suffix)
        content = gzip.compress(IDX[case]) if suffix else IDX[case]
        (folder / f"train-images-idx3-ubyte{suffix}").write_bytes(content)
        fetch_from(folder)


@pytest.mark.fault("fetch: a bad IDX file", tried=5)
def test_bad_gzip_and_labels_out_of_range(fetch_from, tmp_path, dataset):
    write_idx(tmp_path, dataset, ".gz")
    labels = tmp_path / "t10k-labels-idx1-ubyte.gz"
    good = labels.read_bytes()
    beyond = idx_header(dataset.test_labels) + bytes([10] * 100)
    bomb = gzip.compress(idx(100) + bytes(2**28))
    for content in (b"garbage", good[:-9], good[:20] + b"\xff" + good[21:], bomb):
        labels.write_bytes(content)
        assert "t10k-labels" in fetch_from(tmp_path)
    labels.write_bytes(gzip.compress(beyond))
    assert "fetch.classes: expected 11 names" in fetch_from(tmp_path)


@pytest.mark.fault("fetch: a source that is none")
@pytest.mark.parametrize(
    "make",
    [
        lambda path: None,
        lambda path: path.touch(),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.write_text("hello"),
    ],
    ids=["missing", "empty", "empty folder", "pipe", "circle", "device", "text"],
)
def test_a_source_that_is_none(fetch_from, tmp_path, make):
    make(tmp_path / "source")
    assert str(tmp_path / "source") in fetch_from(tmp_path / "source")


@pytest.mark.fault("fetch: a source that is none")
@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "file:///etc/passwd", "$(touch unpickled)"])
def test_a_name_that_is_none(fetch_from, name):
    said = fetch_from(name)
    assert "fetch.source: expected a name of the catalogue (mnist, fashion_mnist), an .npz" in said
    assert f"got '{name}', which cannot be read" in said
