"""Write arrays as .npy; map them into memory only if they are what they should be."""

import errno
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.errors import ArtifactError
from digits.files.atomic import replacing


def write_array(path: str, array: NDArray[Any]) -> None:
    """Write `array` to `path` as .npy. Raises OutputError."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        # as np.save, which says less when the disk is full
        header = np.lib.format.header_data_from_array_1_0(np.ascontiguousarray(array))
        np.lib.format.write_array_header_1_0(file, header)
        file.write(np.ascontiguousarray(array).data)


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


def file_offset(array: NDArray[Any]) -> int | None:
    """Return where in its .npy file a memory-mapped array begins, in bytes; None if it has none.

    A slice has one of its own (`array.offset` is that of the whole file's array); what lies in the
    file with gaps, or is in memory (or may have been changed there: mode "c"), has none.
    """
    if not isinstance(array, np.memmap) or not array.filename or array.mode == "c":
        return None
    if not array.flags.c_contiguous:
        return None
    whole = array
    while isinstance(whole.base, np.memmap):
        whole = whole.base
    return int(whole.offset + array.ctypes.data - whole.ctypes.data)


def fresh(array: NDArray[Any]) -> NDArray[Any]:
    """Map a memory-mapped file anew: the pages of a mapping stay in memory as long as it does."""
    offset = file_offset(array)
    if offset is None or not array.size:
        return array
    assert isinstance(array, np.memmap)
    return np.memmap(str(array.filename), array.dtype, "r", offset, array.shape)
