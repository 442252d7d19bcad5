"""Write arrays as .npy; map them into memory only if they are what they should be."""

import errno
from collections.abc import Iterable
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
    """Write chunks as the one array of `shape` that they are together. Raises OutputError.

    The bytes are those of np.save, which says less when the disk is full.
    """
    header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in chunks:
            file.write(np.ascontiguousarray(chunk).data)


def read_array(path: str, dtype: type[np.generic], *shape: int | None) -> NDArray[Any]:
    """Memory-map the .npy file at `path`: of `dtype` and of `shape`, None for any length.

    Raises ArtifactError where the file is missing, damaged, or holds something else.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, OverflowError, SyntaxError, TokenError) as fault:
        if isinstance(fault, OSError) and fault.errno == errno.ENOMEM:
            raise MemoryError(f"{path} cannot be mapped") from None
        raise ArtifactError(f"{path} cannot be read: {fault}. `dvc repro` rebuilds it.") from None
    fits = len(array.shape) == len(shape) and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        wanted = ", ".join("n" if size is None else str(size) for size in shape)
        raise ArtifactError(
            f"{path}: expected {np.dtype(dtype)} ({wanted}), got {array.dtype} {array.shape}. "
            "`dvc repro` rebuilds it."
        )
    return array


def remap(array: NDArray[Any]) -> NDArray[Any]:
    """Map a memory-mapped file anew: the pages of a mapping stay in memory as long as it does.

    A slice is mapped from where it lies (`array.offset` is that of the whole). What lies there with
    gaps, or is in memory, or may have been changed there (mode "c"), is returned as it is.
    """
    if not isinstance(array, np.memmap) or not array.filename or array.mode == "c":
        return array
    if not (array.flags.c_contiguous and array.size):
        return array
    whole = array
    while isinstance(whole.base, np.memmap):
        whole = whole.base
    offset = whole.offset + array.ctypes.data - whole.ctypes.data
    return np.memmap(str(array.filename), array.dtype, "r", offset, array.shape)
