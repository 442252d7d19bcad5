"""Read picture files as grey arrays, in bounded memory."""

import io
import math
import re
import struct
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from digits.errors import PictureError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")  # Pillow reads them without other programs
OTHERS = {
    rb"$": "an empty file",
    rb"....ftyp(hei|hev|mif|msf)": "a HEIC picture, as phones make. Export it as JPEG",
    rb"%PDF|%!PS": "a document. Export its pages as PNG",
    rb"8BPS|gimp xcf|\s*<(\?xml|svg)|\0\0[\x01\x02]\0": "a drawing or an icon. Export it as PNG",
    rb"....ftyp|PK\x03\x04": "an AVIF picture, a film or an archive. Export it as JPEG",
    rb"\s*<(!doctype )?html": "a page of the web. Download the picture itself",
    rb"version https://git-lfs": "a pointer of Git LFS. Run `git lfs pull`",
    rb"II|MM|\x89PNG|\xff|\0\0\0\x0cj|BM|GIF8|RIFF": "a damaged or unusual one. Export it as PNG",
}
"""What a file is that Pillow does not know, by how it starts, and what to do."""
PNG = b"\x89PNG\r\n\x1a\n"
NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf")
"""The chunks of a PNG that decide what it shows. Texts and profiles may be broken, or large."""
MAX_PIXELS = 64_000_000  # of the largest picture that is read: more than a phone's camera has
LARGEST, PAGE = 1000, 2000
"""Pixels of the longer side above which a picture, and a page of digits, is reduced, for speed."""
LIGHT = 200  # ink on transparency of which 99 % are lighter than this level is on black paper
UNUSED = 64  # a picture of 16 bits a colour without a level of this, of 256, holds fewer bits


class Picture(NamedTuple):
    """A picture, upright; transparent pixels are paper; a large one is reduced.

    grey: float32 (height, width), 0-255, or (height, width, 3) if it was read in colour; size:
    height and width in the file.
    """

    grey: NDArray[np.float32]
    size: tuple[int, int]


def read(name: str, every: bool = False, colour: bool = False) -> Picture:
    """Read a picture file (- is stdin), reduced unless it is small.

    every: it is a page of digits; colour: not grey levels, but red, green and blue.
    Raises PictureError if it is no picture, damaged, or larger than `MAX_PIXELS`.
    """
    content = b""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        if content.startswith(PNG):
            content = _needed(content)
        Image.MAX_IMAGE_PIXELS = None  # _decoded checks the size
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd files
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                return _decoded(image, PAGE if every else LARGEST, "RGB" if colour else "L")
    except (PictureError, MemoryError):
        raise
    except UnidentifiedImageError:
        kinds = (kind for form, kind in OTHERS.items() if re.match(form, content, re.S | re.I))
        got = next(kinds, "none")
        raise PictureError(f"expected a picture ({', '.join(FORMATS)}), got {got}") from None
    except Exception as fault:  # Pillow raises many kinds for a damaged file
        raise PictureError(f"cannot be read, damaged or cut short: {fault}") from None


def _needed(content: bytes) -> bytes:
    """Return a PNG without the chunks that its pixels do not need."""
    parts, place = [PNG], len(PNG)
    while place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        if kind in NEEDED:
            parts.append(content[place : place + 12 + length])
        place += 12 + length
    return b"".join(parts)


def _decoded(image: Image.Image, largest: int, mode: str) -> Picture:
    """Decode an opened picture, upright, into grey levels or colours."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        with suppress(EOFError):
            image.seek(1)
            if not int(image.tag_v2.get(ExifTags.Base.NewSubfileType, 0)) & 1:  # no preview
                raise PictureError("expected one page, got several. Save each as a file of its own")
        image.seek(0)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"larger than {MAX_PIXELS:,} pixels: {width:,} x {height:,}. Make it smaller."
        )
    is_deep = re.search(";16[BLN]", str(getattr(image, "tile", ""))) is not None
    image.draft(None, (largest, largest))  # a JPEG is decoded at a fraction of its size
    image.load()
    before = image.size
    with suppress(Exception):  # what a camera noted may be broken; the picture can be read
        ImageOps.exif_transpose(image, in_place=True)
    flat = _flat(image, is_deep, mode)
    factor = math.ceil(max(flat.size) / largest)
    grey = np.asarray(flat.reduce(factor), np.float32)
    return Picture(grey, (height, width) if image.size == before else (width, height))


def _flat(image: Image.Image, is_deep: bool, mode: str) -> Image.Image:
    """Convert any mode to 8 bits of grey, or of each colour, with transparency over paper.

    is_deep: it has 16 bits a colour in the file. Of several colours Pillow reads the higher 8 bits.
    """
    if image.mode.startswith(("I", "F")):
        return _narrowed(image).convert(mode)
    if is_deep and np.asarray(image.convert("RGB")).max() < UNUSED:
        raise PictureError("it uses few of its 16 bits a colour. Save it with 8 bits a colour.")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha, grey = image.getchannel("A"), image.convert("L")
        inks = grey.histogram(alpha.point([0] * 128 + [1] * 128))
        is_light = sum(inks[:LIGHT]) < 0.01 * sum(inks)
        paper = Image.new(mode, image.size, "black" if is_light else "white")
        paper.paste(image.convert(mode), mask=alpha)
        return paper
    is_grey = image.mode in ("1", "L")
    return (image if is_grey else image.convert("RGB")).convert(mode)


def _narrowed(image: Image.Image) -> Image.Image:
    """Convert 16 bits to 8 by the bits in use, and 32, which have no fixed scale, by their range.

    Cameras and scanners write 10, 12 or 14 bits into 16, other programs even 8.
    """
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        bits = int(values.max()).bit_length()
        return Image.fromarray(np.asarray(values >> max(bits + bits % 2 - 8, 0), np.uint8))
    if not np.isfinite(values).all():
        raise PictureError("expected numbers in all pixels, got infinite ones or none")
    low, high = float(values.min()), float(values.max())
    levels = (values - np.float32(low)) * np.float32(255 / max(high - low, 1e-30))
    return Image.fromarray(levels.astype(np.uint8))
