"""Read a folder of pictures, in which each class has a folder."""

import os
import re
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Dataset
from digits.data.splits import stratified_sample
from digits.errors import PictureError, SourceError
from digits.messages import printable
from digits.params.fetch import FetchParams
from digits.params.limits import MOST_CLASSES
from digits.pictures import prepare
from digits.pictures.reading import SUFFIXES
from digits.progress import progress

LARGE = 2**16
"""Bytes of a file, on average, from which pictures are read on all cores. Pillow decodes without
Python's lock; threads that read small files would only wait for it."""
SHOWN = 5
"""Faults that are reported one by one; the others are counted."""


def read_folder(folder: Path, params: FetchParams) -> tuple[Dataset, list[str]]:
    """Read the pictures of FOLDER/train/CLASS and FOLDER/test/CLASS, or of FOLDER/CLASS.

    In the latter case a share, `params.held_out`, of each class becomes the test split. The order
    of the pictures depends on `params.seed` alone. Returns the names of the classes as well: in
    the order of `params.classes`, or else numbers by their value and words by the alphabet.
    Raises SourceError with the first faults and their number.
    """
    splits = [folder / "train", folder / "test"]
    if not all(split.is_dir() for split in splits):
        splits = [folder]
    pictures = [
        {path.name: _find_pictures(path) for path in split.iterdir() if path.is_dir()}
        for split in splits
    ]
    classes = sorted({name for split in pictures for name in split if name[0] != "."}, key=_natural)
    faults = []
    if not 2 <= len(classes) <= MOST_CLASSES:
        faults.append(
            f"expected a folder for each of 2 to {MOST_CLASSES:,} classes, got {len(classes)}"
        )
    elif params.classes and sorted(params.classes) != sorted(classes):
        faults.append(f"expected the classes of fetch.classes, got {', '.join(classes[:SHOWN])}")
    if params.prepare == "resize" and not params.size:
        faults.append("fetch.size: expected [height, width], since fetch.prepare is resize")
    for split, by_class in zip(splits, pictures, strict=True):
        empty = [split / name for name in classes if not by_class.get(name)]
        faults += [f"{path}: expected pictures ({' '.join(SUFFIXES)}), got none" for path in empty]
    _check(folder, faults)
    classes = params.classes or classes
    arrays = []
    random = np.random.default_rng(params.seed)
    for by_class in pictures:
        counts = [len(by_class[name]) for name in classes]
        labels = np.arange(len(classes), dtype=np.min_scalar_type(len(classes) - 1)).repeat(counts)
        paths = [path for name in classes for path in by_class[name]]
        order = random.permutation(len(paths))
        arrays += [_read_pictures(folder, [paths[place] for place in order], params), labels[order]]
    if len(splits) == 1:
        images, labels = arrays
        count = max(round(params.held_out * len(labels)), len(classes))  # some of each class
        test = stratified_sample(labels, min(count, len(labels) - len(classes)), params.seed)
        arrays = [images[~test], labels[~test], images[test], labels[test]]
    return Dataset(*arrays), classes


def _find_pictures(folder: Path) -> list[Path]:
    """Return the pictures in `folder` by name, without hidden files such as ._x of a Mac."""
    files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    visible = [path for path in files if path.is_file() and not path.name.startswith(".")]
    return sorted(visible, key=lambda path: path.name)


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key that sorts 2 before 10: each run of digits counts as a number."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], name


def _read_pictures(folder: Path, paths: list[Path], params: FetchParams) -> NDArray[np.uint8]:
    """Read pictures, large ones on all cores. Raises SourceError."""
    size = (params.size[0], params.size[1]) if params.size else None

    def read_one(path: Path) -> NDArray[np.uint8] | PictureError:
        try:
            return prepare(str(path), params.prepare, size)
        except PictureError as fault:
            return fault

    images: NDArray[np.uint8] | None = None
    faults: list[str] = []
    large = sum(path.stat().st_size for path in paths) > LARGE * len(paths)
    count = os.cpu_count() if large else 1
    with ThreadPool(count) as threads, progress("pictures", len(paths), "") as advance:
        for place, image in enumerate(threads.imap(read_one, paths, chunksize=16)):
            advance(1)
            if isinstance(image, PictureError):
                faults.append(f"{paths[place]}: {image}")
                continue
            if images is None:
                images = np.zeros((len(paths), *image.shape), np.uint8)
            if image.shape == images.shape[1:]:
                images[place] = image
            else:
                wanted, got = ("{} x {}".format(*s) for s in (images.shape[1:], image.shape))
                cure = "set fetch.prepare to resize, and fetch.size"
                faults.append(f"{paths[place]}: expected {wanted} pixels, got {got}: {cure}")
    _check(folder, faults)
    assert images is not None
    return images


def _check(folder: Path, faults: list[str]) -> None:
    """Raise SourceError if there are faults."""
    if faults:
        more = f"; and {len(faults) - SHOWN:,} more" if len(faults) > SHOWN else ""
        said = f"{folder} cannot be used: {'; '.join(faults[:SHOWN])}{more}"
        raise SourceError(printable(said))
