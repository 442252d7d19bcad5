"""Read a folder of pictures, in which each class has a folder."""

import os
import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Dataset
from digits.data.splits import stratified_sample
from digits.datasets.cache import cache_keys, load_cache, save_cache
from digits.errors import PictureError, SourceError
from digits.messages import printable
from digits.params.stages import MOST_CLASSES, FetchParams
from digits.pictures import prepare
from digits.pictures.guard import read_each
from digits.pictures.listing import SUFFIXES, find_pictures, passed_over
from digits.progress import progress

SHOWN = 5  # faults that are reported one by one; the others are counted


def read_folder(folder: Path, params: FetchParams) -> tuple[Dataset, list[str], list[str]]:
    """Read the pictures of FOLDER/train/CLASS and FOLDER/test/CLASS, or of FOLDER/CLASS.

    In the latter case a share, `params.held_out`, of each class becomes the test split. Returns
    also the names of the classes, in the order of `params.classes`, or else numbers by their value
    and words by the alphabet; and the names of the pictures, in the order of the arrays. Prints
    what was taken and passed over. Raises SourceError with the first faults and their number.
    """
    splits = [folder / "train", folder / "test"]
    if not all(split.is_dir() for split in splits):
        splits = [folder]
    pictures = [  # a Mac takes letters and accents apart
        {normalize("NFC", path.name): find_pictures(path) for path in split.glob("[!.]*/")}
        for split in splits
    ]
    classes = sorted({name for split in pictures for name in split}, key=_natural)
    taken = [path for split in pictures for paths in split.values() for path in paths]
    passed = passed_over(folder, taken)
    wanted = [normalize("NFC", name) for name in params.classes or classes]
    faults = _faults(dict(zip(splits, pictures, strict=True)), classes, wanted)
    if params.prepare == "resize" and not params.size:
        faults.append("fetch.size: expected [height, width], since fetch.prepare is resize")
    if params.prepare == "mnist" and params.colour == "rgb":
        faults.append("fetch.prepare: expected resize or none, since fetch.colour is rgb")
    _check(folder, faults, passed)
    kinds = sorted(Counter(path.suffix.lower() for path in taken).items())
    counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
    said = f"fetch: {len(taken):,} pictures in {len(classes):,} classes ({counts}){passed}"
    print(printable(said))
    paths, labels, random = list[Path](), list[Any](), np.random.default_rng(params.seed)
    for by_class in pictures:
        ordered = [path for name in wanted for path in by_class[name]]
        order = random.permutation(len(ordered))
        paths += [ordered[place] for place in order]
        kind = np.min_scalar_type(len(wanted) - 1)
        sizes = [len(by_class[name]) for name in wanted]
        labels.append(np.arange(len(wanted), dtype=kind).repeat(sizes)[order])
    images = _read_pictures(folder, paths, params)
    test = np.arange(len(images)) >= len(labels[0])
    if len(splits) == 1:
        count = min(round(params.held_out * len(images)), len(images) - 1)
        test = stratified_sample(labels[0], count, params.seed, least=1)
    every, names = np.concatenate(labels), np.array([str(p.relative_to(folder)) for p in paths])
    dataset = Dataset(images[~test], every[~test], images[test], every[test])
    return dataset, wanted, [*names[~test], *names[test]]


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key that sorts 2 before 10: each run of digits counts as a number."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], name


def _faults(
    splits: dict[Path, dict[str, list[Path]]], classes: list[str], wanted: list[str]
) -> list[str]:
    """Return what is wrong with the folders, before a picture is read."""
    if not 2 <= len(classes) <= MOST_CLASSES:
        return [f"expected a folder for each of 2 to {MOST_CLASSES:,} classes, got {len(classes)}"]
    if sorted(wanted) != sorted(classes):
        return [f"expected the classes of fetch.classes, got {', '.join(classes[:SHOWN])}"]
    least = 3 - len(splits)  # without a folder test, one of two pictures is to test with
    return [
        f"{split / name}: expected {least} pictures or more ({' '.join(SUFFIXES)}), got {got}"
        for split, by_class in splits.items()
        for name in classes
        if (got := len(by_class.get(name, ()))) < least
    ]


def _read_pictures(folder: Path, paths: list[Path], params: FetchParams) -> NDArray[np.uint8]:
    """Read pictures on all cores, without those that the last run read. Raises SourceError."""
    keys, images = cache_keys(paths, params), load_cache()
    new = [place for place, key in enumerate(keys) if key not in images]
    names, faults = [str(paths[place]) for place in new], dict[int, str]()
    size = (params.size[0], params.size[1]) if params.size else None
    task = partial(prepare, how=params.prepare, size=size, colour=params.colour == "rgb")
    try:
        with progress("pictures", len(new), "") as advance:
            answers = read_each(task, names, os.cpu_count() or 1)
            for place, image in zip(new, answers, strict=True):
                advance(1)
                if isinstance(image, PictureError):
                    faults[place] = f"{paths[place]}: {image}"
                else:
                    images[keys[place]] = image
    finally:
        images = {key: images[key] for key in keys if key in images}
        if new:
            save_cache(images)
    shape = next(iter(images.values())).shape if images else ()
    for place, key in enumerate(keys):
        if key in images and images[key].shape != shape:
            wanted, got = ("{} x {}".format(*s) for s in (shape, images[key].shape))
            cure = "set fetch.prepare to resize, and fetch.size"
            faults[place] = f"{paths[place]}: expected {wanted} pixels, got {got}: {cure}"
    _check(folder, [faults[place] for place in sorted(faults)])
    return np.stack([images[key] for key in keys])


def _check(folder: Path, faults: list[str], passed: str = "") -> None:
    """Raise SourceError if there are faults."""
    if faults:
        more = f"; and {len(faults) - SHOWN:,} more" if len(faults) > SHOWN else ""
        said = f"{folder} cannot be used: {'; '.join(faults[:SHOWN])}{more}{passed}"
        raise SourceError(printable(said))
