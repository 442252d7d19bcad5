import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from digits.errors import PictureError
from digits.pictures.listing import list_files
from digits.pictures.reading import read_picture
from tests.strokes import draw

GREY = np.array(draw(5, 60), float)


def saved(folder, image, name, **options):
    image.save(folder / name, **options)
    return str(folder / name)


def in_mode(mode):
    """The 5 in one of Pillow's modes."""
    image = draw(5, 60).convert("RGB")
    if mode == "LAB":
        profiles = [ImageCms.createProfile(space) for space in ("sRGB", "LAB")]
        return ImageCms.profileToProfile(image, *profiles, outputMode="LAB")
    return (image if mode == "CMYK" else draw(5, 60)).convert(mode)


@pytest.mark.parametrize(
    ("name", "mode"),
    [(f"5.{end}", m) for end in ("png", "tiff") for m in ("1", "L", "LA", "P", "RGB", "RGBA")]
    + [(f"5.{end}", m) for end in ("jpg", "bmp", "gif", "webp") for m in ("L", "RGB")]
    + [("5.jpg", "CMYK"), ("5.tiff", "CMYK"), ("5.tiff", "F"), ("5.tiff", "I"), ("5.TIF", "LAB")],
)
def test_a_picture_of_any_form_is_read_as_the_same_greys(tmp_path, name, mode):
    seen, *_ = read_picture(saved(tmp_path, in_mode(mode), name))
    assert (seen.dtype, seen.shape) == (np.float32, (60, 60))
    assert np.abs(seen - GREY).mean() < (12 if mode in ("1", "F", "I", "LAB") else 2)


def test_a_scan_of_several_pages_is_refused_and_a_preview_is_not(tmp_path):
    page = draw(5, 60)
    pages = {"save_all": True, "append_images": [page]}
    with pytest.raises(PictureError, match="expected one page, got several"):
        read_picture(saved(tmp_path, page, "pages.tiff", **pages))
    assert read_picture(saved(tmp_path, page, "film.gif", **pages)).size == (60, 60)
    preview = draw(5, 30)
    preview.encoderinfo = {"tiffinfo": {ExifTags.Base.NewSubfileType: 1}}
    path = saved(tmp_path, page, "5.tiff", save_all=True, append_images=[preview])
    assert read_picture(path).size == (60, 60)


def test_sixteen_bits(tmp_path):
    deep = Image.fromarray((GREY * 257).astype(np.uint16))
    for name in ("5.png", "5.tiff"):
        assert (read_picture(saved(tmp_path, deep, name)).grey == GREY).all()


def test_transparent_pixels_are_white(tmp_path):
    image = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    image.putalpha(Image.fromarray((255 - GREY).astype(np.uint8)))  # black ink on nothing
    assert np.abs(read_picture(saved(tmp_path, image, "5.png")).grey - GREY).max() <= 1
    palette = Image.new("P", (4, 4), 3)
    palette.putpalette([0, 0, 0] * 4)
    palette.putpixel((1, 2), 0)
    expected = np.full((4, 4), 255)
    expected[2, 1] = 0
    for name in ("p.png", "p.gif"):
        assert (read_picture(saved(tmp_path, palette, name, transparency=3)).grey == expected).all()


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_picture_is_turned_upright(tmp_path, ending, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    quarters = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    turned = Image.fromarray(np.rot90(GREY[:, 9:], quarters).astype(np.uint8))
    seen, *_ = read_picture(saved(tmp_path, turned, f"5.{ending}", exif=exif))
    assert seen.shape == (60, 51)
    assert np.abs(seen - GREY[:, 9:]).mean() < 2


def test_a_large_picture_is_reduced_by_averaging(tmp_path):
    large = Image.fromarray(GREY.astype(np.uint8)).resize((3000, 3000), Image.Resampling.NEAREST)
    for name in ("5.png", "5.jpg"):
        seen, *_ = read_picture(saved(tmp_path, large, name))
        assert max(seen.shape) <= 1000
        shrunk = Image.fromarray(seen).resize((60, 60), Image.Resampling.BOX)
        assert np.abs(np.asarray(shrunk) - GREY).mean() < 3


def huge_png(side):
    """A whole PNG of side x side pixels, under a megabyte."""
    packer = zlib.compressobj(9)
    lines = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    content = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    for kind, data in ((b"IHDR", header), (b"IDAT", lines), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data
        content += struct.pack(">I", zlib.crc32(kind + data))
    return content


@pytest.mark.parametrize(
    ("side", "start"),
    [(9_000, "9,000 x 9,000"), pytest.param(30_000, "larger", marks=pytest.mark.slow)],
)
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path, side, start):
    (tmp_path / "bomb.png").write_bytes(huge_png(side))
    with pytest.raises(PictureError, match=rf"{start}.* 64,000,000 pixels\. Make it smaller"):
        read_picture(str(tmp_path / "bomb.png"))


@pytest.mark.parametrize("content", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "5.png").write_bytes(content)
    with pytest.raises(PictureError, match="expected a picture"):
        read_picture(str(tmp_path / "5.png"))


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "gif", "tiff", "webp"])
def test_a_damaged_picture_is_refused_or_read_but_nothing_else(tmp_path, ending):
    whole = io.BytesIO()
    draw(5, 60).convert("RGB").save(whole, {"jpg": "jpeg"}.get(ending, ending))
    whole = whole.getvalue()
    path = tmp_path / f"5.{ending}"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PictureError, match=r"cannot be read, damaged|expected a pict"):
        read_picture(str(path))
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole[: random.integers(8, len(whole) + 1)])
        for position in random.integers(4, len(damaged), random.integers(0, 9)):
            damaged[position] = random.integers(256)
        path.write_bytes(damaged)
        try:
            assert read_picture(str(path)).grey.ndim == 2
        except PictureError as fault:
            assert str(fault)


def test_files_folders_and_patterns_are_listed_in_order(tmp_path):
    for name in ("b.png", "a.JPG", "notes.txt", "deep/c.gif", "[1].png", "empty/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name, expected in (
        (".", ["[1].png", "a.JPG", "b.png"]),
        ("?.png", ["b.png"]),
        ("**/*.gif", ["deep/c.gif"]),
        ("notes.txt", ["notes.txt"]),
        ("[1].png", ["[1].png"]),
    ):
        assert list_files(str(tmp_path / name)) == [str(tmp_path / found) for found in expected]
    assert list_files("-") == ["-"]
    for missing in ("gone.png", "*.bmp", "deep/deeper/"):
        with pytest.raises(PictureError, match="expected a file, got none"):
            list_files(str(tmp_path / missing))
    with pytest.raises(PictureError, match="expected a picture in it"):
        list_files(str(tmp_path / "empty"))


def test_stdin(tmp_path, monkeypatch):
    with Path(saved(tmp_path, draw(5, 60), "5.png")).open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        assert (read_picture("-").grey == GREY).all()
