"""List picture files and read them as grey arrays, in bounded memory."""

import glob
import io
import math
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from digits.errors import PictureError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")  # Pillow reads them without other programs
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")  # in a folder
MAX_PIXELS = 64_000_000  # the largest picture that is read: more than a phone's camera has
MAX_BYTES = 2**28  # the most that is read from stdin
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that exchange width and height
LARGEST = 1000  # pixels of the longer side above which a picture is reduced by averaging, for speed


def list_files(name: str) -> list[str]:
    """Return the sorted files that `name` stands for: a file, folder, pattern, or - (stdin).

    Raises PictureError if there are none.
    """
    path = Path(name)
    if name == "-" or path.is_file():
        found = [name]
    elif path.is_dir():
        found = [str(p) for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()]
    else:
        found = [p for p in glob.glob(name, recursive=True) if Path(p).is_file()]  # noqa: PTH207
    if not found:
        what = f"a picture in it ({' '.join(SUFFIXES)})" if path.is_dir() else "a file"
        raise PictureError(f"expected {what}, got none")
    return sorted(found)


class Picture(NamedTuple):
    """A picture, upright; transparent pixels are white; a large one is reduced.

    grey: float32 (height, width), 0-255; colours: RGB, uint8 (height, width, 3), or None if it has
    none; size: height and width in the file.
    """

    grey: NDArray[np.float32]
    colours: NDArray[np.uint8] | None
    size: tuple[int, int]


def read_picture(name: str, largest: int = LARGEST) -> Picture:
    """Read a picture file (- is stdin); reduce it to `largest` pixels of its longer side, or less.

    Raises PictureError if it is no picture, damaged, or larger than `MAX_PIXELS`.
    """
    try:
        content = sys.stdin.buffer.read(MAX_BYTES + 1) if name == "-" else b""
        if len(content) > MAX_BYTES:
            raise PictureError(f"expected at most {MAX_BYTES:,} bytes, got more")
        # A file, not its name: by name, Pillow maps a plain TIFF to memory, a turned one wrongly.
        with (
            io.BytesIO(content) if name == "-" else Path(name).open("rb") as file,
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # about large or odd files, which are checked here
            with Image.open(file, formats=FORMATS) as image:
                return _decoded(image, largest)
    except (PictureError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise PictureError(f"expected a picture ({', '.join(FORMATS)}), got none") from None
    except Image.DecompressionBombError:
        raise PictureError(f"larger than {MAX_PIXELS:,} pixels. Make it smaller.") from None
    except Exception as fault:  # Pillow raises many kinds for a damaged file
        raise PictureError(f"cannot be read, damaged or cut short: {fault}") from None


def _decoded(image: Image.Image, largest: int) -> Picture:
    """Decode an opened picture, upright, into grey levels and colours."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"{width:,} x {height:,}: expected at most {MAX_PIXELS:,} pixels. Make it smaller."
        )
    is_sideways = image.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS
    image.draft(None, (largest, largest))  # a JPEG is decoded at a fraction of its size
    ImageOps.exif_transpose(image, in_place=True)
    flat = _flat(image)
    factor = math.ceil(max(flat.size) / largest)
    grey = np.asarray(flat.convert("L").reduce(factor), np.float32)
    colours = np.asarray(flat.reduce(factor)) if flat.mode == "RGB" else None
    return Picture(grey, colours, (width, height) if is_sideways else (height, width))


def _flat(image: Image.Image) -> Image.Image:
    """Convert any mode to 8 bits of grey or RGB, with transparency over white."""
    if image.mode.startswith(("I", "F")):
        return _narrowed(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("L", image.size, 255)
        paper.paste(image.convert("L"), mask=image.getchannel("A"))
        return paper
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _narrowed(image: Image.Image) -> Image.Image:
    """Convert 16 bits to 8 bits, and 32 bits, which have no fixed scale, by their range."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(values >> 8, np.uint8))
    if not np.isfinite(values).all():
        raise PictureError("expected numbers in all pixels, got infinite ones or none")
    low, high = float(values.min()), float(values.max())
    levels = (values - np.float32(low)) * np.float32(255 / max(high - low, 1e-30))
    return Image.fromarray(levels.astype(np.uint8))
