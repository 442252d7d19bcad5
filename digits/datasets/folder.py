"""Read a folder of pictures, a folder in it for each class."""

import os
import re
from collections.abc import Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Dataset
from digits.data.splits import hold_out
from digits.errors import PictureError, SourceError
from digits.params.fetch import FetchParams
from digits.params.limits import MOST_CLASSES
from digits.pictures import prepare
from digits.pictures.reading import SUFFIXES
from digits.progress import progress

LARGE = 2**16
"""Bytes of a file, on average, from which pictures are read on all cores. Pillow decodes without
Python's lock, which threads that read small ones would only wait for."""
SHOWN = 5
"""Faults that are told one by one; of the others the count."""


def read_folder(folder: Path, params: FetchParams) -> tuple[Dataset, list[str]]:
    """Return the pictures of FOLDER/train/CLASS and FOLDER/test/CLASS, or of FOLDER/CLASS.

    In the latter case a share, `params.held_out`, of each class is for testing. The order of the
    pictures goes by `params.seed` alone. Returns the classes' names as well, in order: that of
    `params.classes`, else numbers by their value and words by the alphabet.
    Raises SourceError that names the first faults and counts them.
    """
    splits = [folder / name for name in ("train", "test")]
    if not all(map(Path.is_dir, splits)):
        splits = [folder]
    found = [{path.name: _pictures(path) for path in _inside(split)} for split in splits]
    classes = sorted({name for split in found for name in split}, key=_natural)
    faults = [
        f"{split / name}: expected pictures ({' '.join(SUFFIXES)}), got none"
        for split, pictures in zip(splits, found, strict=True)
        for name in classes
        if not pictures.get(name)
    ]
    if not 2 <= len(classes) <= MOST_CLASSES:
        faults.insert(
            0, f"expected a folder for each of 2 to {MOST_CLASSES:,} classes, got {len(classes)}"
        )
    elif params.classes and sorted(params.classes) != sorted(classes):
        faults.insert(0, f"expected the classes of fetch.classes, got {', '.join(classes[:SHOWN])}")
    if params.prepare == "resize" and not params.size:
        faults.insert(0, "fetch.size: expected [height, width], for fetch.prepare is resize")
    _raise(folder, faults)
    classes = params.classes or classes
    arrays = []
    random = np.random.default_rng(params.seed)
    for pictures in found:
        paths = [(path, label) for label, name in enumerate(classes) for path in pictures[name]]
        paths = [paths[place] for place in random.permutation(len(paths))]
        labels = np.array([label for _, label in paths], np.min_scalar_type(len(classes) - 1))
        arrays += [_read(folder, [path for path, _ in paths], params), labels]
    if len(splits) == 1:
        images, labels = arrays
        count = max(round(params.held_out * len(labels)), len(classes))  # some of each
        held_out = hold_out(labels, min(count, len(labels) - len(classes)), params.seed)
        arrays = [part[rows] for rows in (~held_out, held_out) for part in (images, labels)]
    return Dataset(*arrays), classes


def _inside(folder: Path) -> Iterator[Path]:
    """Yield the folders in one, but for hidden ones."""
    return (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    """Return a folder's pictures by name, without hidden ones and a Mac's companions (._x)."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what sorts 2 before 10: each run of digits as a number."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _read(folder: Path, paths: list[Path], params: FetchParams) -> NDArray[np.uint8]:
    """Read pictures, large ones on all cores. Raises SourceError."""
    size = (params.size[0], params.size[1]) if params.size else None

    def read(path: Path) -> NDArray[np.uint8] | str:
        try:
            return prepare(str(path), params.prepare, size)
        except PictureError as fault:
            return f"{path}: {fault}"

    images: NDArray[np.uint8] | None = None
    faults: list[str] = []
    large = sum(path.stat().st_size for path in paths) > LARGE * len(paths)
    count = os.cpu_count() if large else 1
    with ThreadPool(count) as threads, progress("pictures", len(paths), "") as advance:
        for place, image in enumerate(threads.imap(read, paths, chunksize=16)):
            advance(1)
            if isinstance(image, str):
                faults.append(image)
                continue
            if images is None:
                images = np.zeros((len(paths), *image.shape), np.uint8)
            if image.shape != images.shape[1:]:
                first, other = (
                    "{} x {}".format(*shape) for shape in (images.shape[1:], image.shape)
                )
                faults.append(f"{paths[place]}: {other} pixels, where others have {first}")
            else:
                images[place] = image
    if params.prepare == "none" and any("where others" in fault for fault in faults):
        faults.append("Set fetch.prepare to resize, and fetch.size")
    _raise(folder, faults)
    assert images is not None
    return images


def _raise(folder: Path, faults: list[str]) -> None:
    if faults:
        more = f"; and {len(faults) - SHOWN:,} more" if len(faults) > SHOWN else ""
        raise SourceError(f"{folder} cannot be used: {'; '.join(faults[:SHOWN])}{more}")
