import io
import os
import signal
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from digits.errors import PictureError
from digits.pictures import guard
from digits.pictures.guard import read_each
from digits.pictures.listing import list_files, passed_over
from digits.pictures.reading import read
from tests.strokes import draw

GREY = np.array(draw(5, 60), float)
PLAIN = GREY.astype(np.uint8)


def saved(folder, image, name, **options):
    image.save(folder / name, **options)
    return str(folder / name)


def in_mode(mode):
    """The 5 in one of Pillow's modes."""
    if mode == "I;16":
        return Image.fromarray((GREY * 16).astype(np.uint16))
    return draw(5, 60).convert("RGB" if mode == "CMYK" else "L").convert(mode)


TIFFS = [
    ("5.tiff", mode, {"compression": kind, "big_tiff": True})
    for mode in ("I;16", "1", "L", "RGB")
    for kind in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd")
]


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [(f"5.{end}", m, {}) for end in ("png", "tiff") for m in ("1", "L", "LA", "P", "RGB", "RGBA")]
    + [(f"5.{end}", m, {}) for end in ("jpg", "bmp", "gif", "webp") for m in ("L", "RGB")]
    + [(f"5.{end}", "CMYK", {}) for end in ("jpg", "tiff")]
    + [("5.TIF", mode, {}) for mode in ("F", "I")]
    + TIFFS,
)
def test_a_picture_of_any_form_is_read_as_the_same_greys(tmp_path, name, mode, options):
    seen, *_ = read(saved(tmp_path, in_mode(mode), name, **options))
    assert (seen.dtype, seen.shape) == (np.float32, (60, 60))
    assert np.abs(seen - GREY).mean() < (12 if mode in ("1", "F", "I") else 2)


def test_a_scan_of_several_pages_is_refused_and_a_preview_is_not(tmp_path):
    page = draw(5, 60)
    pages = {"save_all": True, "append_images": [page]}
    with pytest.raises(PictureError, match="expected one page, got several"):
        read(saved(tmp_path, page, "pages.tiff", **pages))
    assert read(saved(tmp_path, page, "film.gif", **pages)).size == (60, 60)
    preview = draw(5, 30)
    preview.encoderinfo = {"tiffinfo": {ExifTags.Base.NewSubfileType: 1}}
    path = saved(tmp_path, page, "5.tiff", save_all=True, append_images=[preview])
    assert read(path).size == (60, 60)


def chunk(kind, content, crc=None):
    """A chunk of a PNG; crc: a wrong checksum."""
    crc = zlib.crc32(kind + content) if crc is None else crc
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def png(values, depth=8, colour=0, between=b""):
    """A PNG of an array, with chunks between its header and its pixels."""
    height, width, *_ = values.shape
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in values))
    parts = chunk(b"IHDR", header) + between + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def deep(bits, colour=0):
    """A PNG with 16 bits a colour, of which fewer are used."""
    values = (GREY * (2**bits - 1) / 255).round().astype(">u2")
    return png(values[..., None].repeat(3, 2) if colour else values, 16, colour)


def jpeg(segment=b"", end=b""):
    """The JPEG of a 5 with a segment, marker and content, after its start."""
    file = io.BytesIO()
    draw(5, 60).save(file, "JPEG", quality=95)
    length = struct.pack(">H", len(segment)) if segment else b""
    return b"\xff\xd8" + segment[:2] + length + segment[2:] + file.getvalue()[2:] + end


BOMB = zlib.compress(bytes(3 * 2**20))
WILD = {
    **{f"{bits} of 16 bits.png": deep(bits) for bits in (8, 10, 12, 14, 16)},
    "16 bits a colour.png": deep(16, 2),
    "a long text.png": png(PLAIN, between=chunk(b"zTXt", b"Comment\0\0" + BOMB)),
    "a large profile.png": png(PLAIN, between=chunk(b"iCCP", b"icc\0\0" + BOMB)),
    "a wrong checksum.png": png(PLAIN, between=chunk(b"tEXt", b"a\0b", 5)),
    "something behind.png": png(PLAIN) + b"garbage" * 10,
    "no exif.jpg": jpeg(b"\xff\xe1Exif\0\0junkjunkjunk"),
    "a part of a profile.jpg": jpeg(b"\xff\xe2ICC_PROFILE\0\1\2"),
    "a film behind.jpg": jpeg(end=b"\0\0\0\x18ftypmp42" + bytes(1000)),
}
"""Files as other programs write them."""


@pytest.mark.parametrize("name", WILD)
def test_what_is_not_needed_may_be_broken(tmp_path, name):
    (tmp_path / name).write_bytes(WILD[name])
    assert np.abs(read(str(tmp_path / name)).grey - GREY).mean() < 1


@pytest.mark.parametrize("name", ["5.png", "5.webp", "5.tiff"])
@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (120, 255), (190, 255)])
def test_transparent_pixels_are_paper_of_another_colour_than_the_ink(tmp_path, name, ink, paper):
    image = Image.new("RGBA", (60, 60), (ink, ink, ink, 0))
    image.putalpha(Image.fromarray(255 - PLAIN))
    seen = read(saved(tmp_path, image, name, lossless=True)).grey
    assert np.abs(seen - (ink + (paper - ink) * GREY / 255)).max() <= 1


def test_transparent_corners_and_palettes(tmp_path):
    image = draw(5, 60).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 4, 4))  # as of a window of a screen
    assert np.abs(read(saved(tmp_path, image, "5.png")).grey - GREY).max() <= 1
    palette = Image.new("P", (4, 4), 3)
    palette.putpalette([0, 0, 0] * 4)
    palette.putpixel((1, 2), 0)
    for name in ("p.png", "p.gif"):
        seen = read(saved(tmp_path, palette, name, transparency=3)).grey
        assert np.argwhere(seen != 255).tolist() == [[2, 1]]


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
@pytest.mark.parametrize(("orientation", "quarters"), [(1, 0), (3, 2), (6, 1), (8, 3)])
def test_a_picture_is_turned_upright(tmp_path, ending, orientation, quarters):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    turned = Image.fromarray(np.rot90(PLAIN[:, 9:], quarters))
    seen, size = read(saved(tmp_path, turned, f"5.{ending}", exif=exif))
    assert seen.shape == size == (60, 51)
    assert np.abs(seen - GREY[:, 9:]).mean() < 2


def test_a_large_picture_is_reduced_by_averaging(tmp_path):
    large = Image.fromarray(PLAIN).resize((3000, 3000), Image.Resampling.NEAREST)
    for name in ("5.png", "5.jpg"):
        seen, *_ = read(saved(tmp_path, large, name))
        assert max(seen.shape) <= 1000
        shrunk = Image.fromarray(seen).resize((60, 60), Image.Resampling.BOX)
        assert np.abs(np.asarray(shrunk) - GREY).mean() < 3


def huge_png(side=9_000):
    """A whole PNG of side x side pixels, under a megabyte."""
    return png(np.broadcast_to(np.uint8(0), (side, side)))


def half(form):
    draw(5, 60).convert("RGB").save(whole := io.BytesIO(), form)
    return whole.getvalue()[: len(whole.getvalue()) // 2]


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "got an empty file"),
        (b"hello", "got none"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "got a HEIC picture, as phones make. Export it as JPE"),
        (b"%PDF-1.4", "got a document. Export its pages as PNG"),
        (b"<!DOCTYPE html>", "got a page of the web"),
        (b"version https://git-lfs.github.com/spec/v1\n", "got a pointer of Git LFS. Run `git lfs"),
        (b"\x89PNG\r\n", "got a damaged or unusual one"),
        (deep(12, 2), "few of its 16 bits a colour"),
        (huge_png, r"larger than 64,000,000 pixels: 9,000 x 9,000\. Make it smaller"),
        *((half(f), "damaged") for f in ("png", "jpeg", "bmp", "gif", "tiff", "webp")),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_line(tmp_path, content, got):
    (tmp_path / "5.png").write_bytes(content() if callable(content) else content)
    with pytest.raises(PictureError, match=got):
        read(str(tmp_path / "5.png"))


def test_files_folders_and_patterns_are_listed_in_order(tmp_path):
    names = ("b.png", "a.JPG", "notes.txt", "deep/c.gif", "[1].png", "empty/notes.txt", "._b.png")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name, expected in (
        (".", ["[1].png", "a.JPG", "b.png"]),
        ("?.png", ["b.png"]),
        ("**/*.gif", ["deep/c.gif"]),
        ("[1].png", ["[1].png"]),
    ):
        assert list_files(str(tmp_path / name)) == [str(tmp_path / found) for found in expected]
    assert list_files("-") == ["-"]
    for missing in ("gone.png", "*.bmp", "deep/deeper/"):
        with pytest.raises(PictureError, match="expected a file, got none"):
            list_files(str(tmp_path / missing))
    others = "1 .gif in deep (a folder that is not read)"
    assert others in passed_over(tmp_path, map(Path, list_files(str(tmp_path))))
    with pytest.raises(PictureError, match=r"expected a picture in it .* over 1 .txt in .*empty"):
        list_files(str(tmp_path / "empty"))


def misbehave(name):
    """Read a picture, or be as bad as one can be."""
    if name == "crash":
        os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does if memory is short
    if name == "memory":
        return bytes(2**31)
    while name == "time":
        pass
    if name == "bug":
        raise KeyError(name)
    return name


@pytest.mark.parametrize("processes", [1, 3])
def test_a_picture_that_ends_its_process_is_refused_alone(monkeypatch, processes):
    monkeypatch.setattr(guard, "SECONDS", 0.2)
    names = ["a", "crash", "b", "memory", "time", *map(str, range(50)), "crash"]
    got = list(read_each(misbehave, names, processes))
    assert got[5:55] == names[5:55]
    assert (got[0], got[2], len(got)) == ("a", "b", len(names))
    reasons = {1: "ended with status -9", 3: "bytes of memory", 4: "not read in 0.2 s"}
    for place, reason in {**reasons, 55: "status -9"}.items():
        assert isinstance(got[place], PictureError)
        assert reason in str(got[place])
    with pytest.raises(KeyError):
        list(read_each(misbehave, ["a", "bug"], processes))
