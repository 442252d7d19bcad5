"""Write arrays as .npy files, and map such files into memory."""

import mmap
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digits.files.atomic import reading, replacing


def write_array(path: str, array: NDArray[Any]) -> None:
    """Write `array` to `path` as .npy. Raises OutputError."""
    write_chunks(path, [array], array.shape, array.dtype)


def write_chunks(
    path: str, chunks: Iterable[NDArray[Any]], shape: tuple[int, ...], dtype: DTypeLike
) -> None:
    """Write chunks as one array of `shape`, with the bytes of np.save. Raises OutputError.

    np.save does not say why when the disk is full.
    """
    header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in chunks:
            file.write(np.ascontiguousarray(chunk).data)


def read_array(path: str, dtype: type[np.generic], *shape: int | None) -> NDArray[Any]:
    """Memory-map the .npy file at `path`, of `dtype` and of `shape`, in which None is any length.

    Raises ArtifactError if the file is missing, damaged, or has another dtype or shape.
    """
    with reading(path):
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        pairs = zip_longest(shape, array.shape, fillvalue=-1)
        if array.dtype != dtype or any(want not in (None, got) for want, got in pairs):
            wanted = np.dtype(dtype), ", ".join(str(size or "n") for size in shape)
            raise ValueError(
                "expected {} ({}), got {} {}".format(*wanted, array.dtype, array.shape)
            )
    return array


def release(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array`; of a memory-mapped file, no page that was read before stays in memory."""
    mapping = getattr(array, "_mmap", None)
    if mapping is not None and hasattr(mapping, "madvise"):  # Windows lacks it
        mapping.madvise(mmap.MADV_DONTNEED)
    return array
