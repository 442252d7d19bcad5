"""Write files whole or not at all; read arrays back only if they are what they should be."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digits.errors import ArtifactError, OutputError

CHUNK = 8_192
"""Rows looked at, or written, together: of images 26 MB of float32."""


@contextmanager
def replacing(path: str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it to `path` once it is written whole.

    An interrupted write leaves `path` as it was. The temporary name is this process's own, so that
    two never write to the same file; what a killed one left is removed by the next.
    Raises OutputError if it cannot be written.
    """
    final = Path(path)
    temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        for left in final.parent.glob(f".{final.name}.*.tmp"):
            left.unlink(missing_ok=True)
        try:
            yield temporary
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as fault:
        raise OutputError(
            f"{path} cannot be written: {fault.strerror or fault}. It is as it was before. "
            "Make room, or a place that can be written, and run `dvc repro` again."
        ) from None


def write_bytes(path: str, content: bytes) -> None:
    """Write `content` to `path`."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_array(path: str, array: NDArray[Any]) -> None:
    """Write `array` to `path` as .npy."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        # as np.save, which says less when the disk is full
        header = np.lib.format.header_data_from_array_1_0(np.ascontiguousarray(array))
        np.lib.format.write_array_header_1_0(file, header)
        file.write(np.ascontiguousarray(array).data)


def write_json(path: str, content: object) -> None:
    """Write `content` to `path` as indented JSON."""
    write_bytes(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: str) -> Any:
    """Return the content of the JSON file at `path`. Raises ArtifactError if it has none."""
    try:
        return json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError) as fault:
        raise ArtifactError(f"{path} cannot be read: {fault}. `dvc repro` rebuilds it.") from None


def write_csv(path: str, rows: Any, count: str | None = None) -> None:
    """Write `rows`, a list of dicts or a dict of columns, to `path` as CSV with a header.

    Numbers are rounded to 6 decimals, so that their last bits do not show; NaN is an empty cell.
    count: the name of a first column that counts the rows, from 1; none by default.
    """
    table = pd.DataFrame(rows, copy=False)
    if count:
        table.insert(0, count, range(1, len(table) + 1))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        for start in range(0, max(len(table), 1), CHUNK):
            some = table.iloc[start : start + CHUNK].round(6)
            some.to_csv(file, header=start == 0, index=False, lineterminator="\n")


def read_csv(path: str) -> pd.DataFrame:
    """Return the table in the CSV file at `path`. Raises ArtifactError if it has none."""
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as fault:
        raise ArtifactError(f"{path} cannot be read: {fault}. `dvc repro` rebuilds it.") from None


def read_raw(prefix: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Memory-map what fetch wrote: images, uint8 (n, 28, 28), and labels, uint8 (n,), 0-9."""
    images = read_array(f"{prefix}_images.npy", np.uint8, None, 28, 28)
    return images, _read_labels(prefix, len(images), classes=2)


def read_examples(prefix: str, classes: int = 2) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Memory-map what preprocess wrote: images, float32 (n, 784), 0-1, and labels, uint8 (n,), 0-9.

    classes: how many different labels there must be; 0 if there may be no examples either.
    Raises ArtifactError where they are something else.
    """
    images = read_array(f"{prefix}_images.npy", np.float32, None, 784)
    for start in range(0, len(images), CHUNK):
        chunk = fresh(images)[start : start + CHUNK]
        if not (chunk.min() >= 0 and chunk.max() <= 1):  # NaN is neither
            raise ArtifactError(
                f"{prefix}_images.npy: expected values from 0 to 1, got {chunk.min()} to "
                f"{chunk.max()} in the rows from {start:,}. `dvc repro` rebuilds it."
            )
    return images, _read_labels(prefix, len(images), classes)


def fresh(array: NDArray[Any]) -> NDArray[Any]:
    """Map a memory-mapped file anew: the pages of a mapping stay in memory as long as it does."""
    if not isinstance(array, np.memmap) or array.filename is None:
        return array
    return np.memmap(array.filename, array.dtype, "r", array.offset, array.shape)


def _read_labels(prefix: str, count: int, classes: int) -> NDArray[np.uint8]:
    path = f"{prefix}_labels.npy"
    labels: NDArray[np.uint8] = read_array(path, np.uint8, count)
    found = np.unique(labels)
    if len(found) < classes or (found > 9).any():
        raise ArtifactError(
            f"{path}: expected labels 0-9, at least {classes} different ones, got "
            f"{', '.join(map(str, found[:20])) or 'none'}. `dvc repro` rebuilds it; if it comes "
            "out the same, raise preprocess.limit in params.yaml."
        )
    return labels


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
