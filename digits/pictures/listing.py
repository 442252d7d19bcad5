"""List picture files, and count the files that are passed over."""

import glob
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

from digits.errors import PictureError
from digits.messages import printable

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
SHOWN = 8
"""Kinds of passed over files that are named; the others are counted."""


def list_files(name: str) -> list[str]:
    """Return the sorted files that `name` stands for: a file, folder, pattern, or - (stdin).

    Raises PictureError if there are none.
    """
    path, what = Path(name), "a file"
    if name == "-" or path.is_file():
        return [name]
    if path.is_dir():
        found, what = find_pictures(path), f"a picture in it ({' '.join(SUFFIXES)})"
    else:
        found = [file for file in map(Path, glob.glob(name, recursive=True)) if file.is_file()]  # noqa: PTH207
    if not found:
        raise PictureError(f"expected {what}, got none{passed_over(path, [])}")
    return sorted(map(str, found))


def find_pictures(folder: Path) -> list[Path]:
    """Return the pictures in `folder` by name, without hidden files such as ._x of a Mac."""
    files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    visible = [path for path in files if path.is_file() and not path.name.startswith(".")]
    # first by the form that Linux has: a Mac takes letters and accents apart
    return sorted(visible, key=lambda path: (normalize("NFC", path.name), os.fsencode(path.name)))


def passed_over(folder: Path, taken: Iterable[Path]) -> str:
    """Return "; passed over ..." with the files in and below `folder` that are not in `taken`.

    They are counted by the reason, the suffix and the folder. Empty if there are none.
    """
    counts: Counter[str] = Counter()
    known = set(taken)
    roots = {folder, *(path.parent for path in known if path.parent.is_symlink())}
    walks = [walk for root in roots for walk in os.walk(root)]
    for path in {Path(parent, name) for parent, _, names in walks for name in names} - known:
        parts = path.relative_to(folder).parts
        if any(part[0] == "." for part in parts):
            kind = "hidden files"
        else:
            why = "folder" if path.suffix.lower() in SUFFIXES and path.is_file() else "format"
            place, suffix = "/".join(parts[:-1]) or folder, path.suffix.lower()
            kind = f"{suffix or 'without suffix'} in {place} (a {why} that is not read)"
        counts[kind] += 1
    kinds = sorted(counts.items(), key=lambda kind: (-kind[1], kind[0]))
    lines = [f"{count:,} {kind}" for kind, count in kinds[:SHOWN]]
    if others := sum(count for _, count in kinds[SHOWN:]):
        lines.append(f"{others:,} other files")
    return printable(f"; passed over {', '.join(lines)}") if lines else ""
