"""Read the files that MNIST comes in: IDX and Keras's .npz."""

import gzip
import math
import struct
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Dataset
from digits.errors import SourceError

MAX_BYTES = 2**28
"""The largest array that is read: 342,392 images. MNIST's are 47 MB."""

DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # zipfile: encrypted, or of a kind that it does not know
    MemoryError,
    SyntaxError,  # numpy: a header that is no literal
    TokenError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
"""What reading a damaged or hostile file raises."""

IDX_STEMS = {
    "train_images": ("train-images", "idx3"),
    "train_labels": ("train-labels", "idx1"),
    "test_images": ("t10k-images", "idx3"),
    "test_labels": ("t10k-labels", "idx1"),
}


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of bytes, gzipped or not. Raises SourceError if it is anything else.

    Format: two zero bytes, 0x08 for unsigned bytes, the rank, each size as a big-endian uint32,
    then the values (yann.lecun.com/exdb/mnist, "the IDX file format").
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            start = file.read(4)
            if len(start) < 4 or start[:3] != b"\x00\x00\x08" or start[3] not in (1, 3):
                raise ValueError(
                    "expected an IDX file of bytes (starts 00 00 08 01 or 03), "
                    f"got {start.hex(' ') or 'an empty file'}"
                )
            return _bytes(file, struct.unpack(f">{start[3]}I", file.read(4 * start[3])))
    except DAMAGE as fault:
        raise SourceError(f"{path} cannot be read: {fault}") from None


def find_idx(folder: Path, part: str) -> Path:
    """Find the IDX file of `part` (a field of Dataset) under any of its usual names."""
    stem, rank = IDX_STEMS[part]
    names = [f"{stem}{dot}{rank}-ubyte{end}" for dot in "-." for end in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise SourceError(f"{folder}: expected a file {names[0]} (or {', '.join(names[1:])}), got none")


def read_idx_folder(folder: Path) -> Dataset:
    """Read the four IDX files of `folder`."""
    return Dataset(*(read_idx(find_idx(folder, part)) for part in Dataset._fields))


def read_npz(path: Path) -> Dataset:
    """Read an .npz with Keras's x_train, y_train, x_test and y_test. Nothing is unpickled."""
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with zipfile.ZipFile(path) as archive:
            return Dataset(*(_read_npy(archive, f"{name}.npy") for name in names))
    except KeyError:
        raise SourceError(f"{path}: expected the arrays {', '.join(names)}") from None
    except DAMAGE as fault:
        raise SourceError(f"{path} cannot be read: {fault}") from None


def _read_npy(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    """Read a member in .npy format, of bytes. np.load would allocate what the header announces."""
    with open_member(archive, name) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):  # the others are for headers beyond 64 kB
            raise ValueError(f"{name} has the .npy format {version}, expected (1, 0)")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype != np.uint8:
            raise ValueError(f"{name}: expected uint8, got {dtype} {shape}")
        return _bytes(file, shape, "F" if fortran else "C")


def _bytes(
    file: IO[bytes] | gzip.GzipFile, shape: tuple[int, ...], order: Literal["C", "F"] = "C"
) -> NDArray[np.uint8]:
    """Read the rest of a file, which must be as long as its header announces by `shape`."""
    count = math.prod(shape)
    if not 0 <= count <= MAX_BYTES:
        raise ValueError(f"the header announces {count:,} bytes; the limit is {MAX_BYTES:,}")
    content = file.read(count + 1)
    if len(content) != count:
        more = "more" if len(content) > count else f"{len(content):,}"
        raise ValueError(f"the header announces {count:,} bytes, the file holds {more}")
    return np.frombuffer(content, np.uint8).reshape(shape, order=order)


def open_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a member for reading in place: nothing is ever extracted to a path that a zip names."""
    member = archive.getinfo(name)
    if member.file_size > MAX_BYTES:
        raise ValueError(f"{name} has {member.file_size:,} bytes; the limit is {MAX_BYTES:,}")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is packed by another method than deflate")  # those have no bounds
    return archive.open(member)
