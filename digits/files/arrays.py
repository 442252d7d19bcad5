"""Write arrays as .npy files, and map such files into memory."""

import errno
import mmap
from collections.abc import Iterable
from itertools import zip_longest
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digits.errors import ArtifactError
from digits.files.atomic import replacing


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
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, OverflowError, SyntaxError, TokenError) as fault:
        if isinstance(fault, OSError) and fault.errno == errno.ENOMEM:
            raise MemoryError(f"{path} cannot be mapped") from None
        raise ArtifactError(f"{path} cannot be read: {fault}. `dvc repro` rebuilds it.") from None
    pairs = zip_longest(shape, array.shape, fillvalue=-1)
    if array.dtype != dtype or any(want not in (None, got) for want, got in pairs):
        wanted = ", ".join("n" if size is None else str(size) for size in shape)
        raise ArtifactError(
            f"{path}: expected {np.dtype(dtype)} ({wanted}), got {array.dtype} {array.shape}. "
            "`dvc repro` rebuilds it."
        )
    return array


def release(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array`; of a memory-mapped file, no page that was read before stays in memory."""
    mapping = getattr(array, "_mmap", None)
    if mapping is not None and hasattr(mapping, "madvise"):  # Windows lacks it
        mapping.madvise(mmap.MADV_DONTNEED)
    return array
