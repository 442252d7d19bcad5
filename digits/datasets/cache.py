"""Keep the images that were made of pictures, so that the next run reads only new pictures."""

from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray

from digits import pictures
from digits.errors import OutputError
from digits.files.atomic import replacing
from digits.params.stages import FetchParams

FILE = Path(".training/pictures.npz")
"""In the folder of what the next run continues from: only its owner can read it."""


def cache_keys(paths: Iterable[Path], params: FetchParams) -> list[bytes]:
    """Return a hash of what decides the image of each picture: parameters, code, libraries, file.

    A file counts by device, inode, size and times, as for DVC.
    """
    code = [path.read_bytes() for path in sorted(Path(pictures.__path__[0]).glob("*.py"))]
    common = repr(
        [*code, np.__version__, PIL.__version__, params.prepare, params.size, params.colour]
    )
    stats = [path.stat() for path in paths]
    files = [(s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for s in stats]
    start = sha256(common.encode()).digest()
    return [sha256(start + repr(file).encode()).digest() for file in files]


def load_cache() -> dict[bytes, NDArray[np.uint8]]:
    """Return the images that the last run kept, by their keys; none if they cannot be read."""
    with suppress(Exception), FILE.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return dict(zip(map(bytes, kept["keys"]), kept["images"], strict=True))
    return {}


def save_cache(images: dict[bytes, NDArray[np.uint8]]) -> None:
    """Keep images, if all have the same shape and the disk lets it."""
    with suppress(OSError, OutputError, ValueError):
        values, keys = np.stack([*images.values()]), np.frombuffer(b"".join(images), np.uint8)
        FILE.parent.mkdir(mode=0o700, exist_ok=True)
        with replacing(str(FILE)) as temporary, temporary.open("wb") as file:
            np.savez(file, keys=keys.reshape(len(values), -1), images=values)
