"""From any picture to the image that a model reads."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from digits.errors import PictureError
from digits.pictures.clean import is_clean, is_cut_out
from digits.pictures.preparing import Floats, ink, ink_box, place
from digits.pictures.reading import Picture, read_picture
from digits.pictures.refusals import Refusal
from digits.pictures.single import check_single

STEPS, SOFT, BLURRED = 20, 80, 55
"""Sharpness is the 20th largest step between neighbours in the image, in grey levels. Below 80 a
picture is out of focus, below 55 it is refused. 99.9 % of MNIST's have 146 or more; blurred until
they have 80, 96 % are read by the hidden model, at 55 two thirds.
"""


class PreparedImage(NamedTuple):
    """What a model reads of a picture, uint8 (height, width), and where it comes from.

    ink: the digit's pixels in the picture; box: its left, top, right and bottom in the file's own
    pixels; both None if no digit is sought; doubts: why an answer may be wrong.
    """

    image: NDArray[np.uint8]
    picture: Picture | None
    ink: NDArray[np.bool_] | None = None
    box: tuple[int, int, int, int] | None = None
    doubts: tuple[str, ...] = ()


def prepare(
    name: str, how: str = "mnist", size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Return what a model reads of a picture file (- is stdin): uint8 (height, width).

    how: "mnist": the ink of a single digit, placed as MNIST's are, 0 paper; "resize": grey levels,
    resized to `size`, (height, width); "none": grey levels, unchanged, of `size` if it is given.
    Raises PictureError if that cannot be done.
    """
    return detect(name, how, size)[0].image


def detect(
    name: str, how: str = "mnist", size: tuple[int, int] | None = None, every: bool = False
) -> list[PreparedImage]:
    """Prepare a picture as `prepare` does; every: return each digit, in reading order."""
    picture = read_picture(name, in_colour=how == "mnist")
    grey = picture.grey
    if how == "mnist":
        clean = None if every else _clean(picture)
        if clean is not None:
            return [clean]
        from digits.pictures.finding import find_digits  # scipy is imported for photographs alone

        return [_placed(picture, *digit) for digit in find_digits(grey, picture.colours, every)]
    if how == "resize":
        assert size is not None
        return [PreparedImage(_resized(grey, *size), picture)]
    if size not in (None, grey.shape):
        wanted, got = ("{} x {}".format(*shape) for shape in (size, grey.shape))
        raise PictureError(f"expected a picture of {wanted} pixels, height and width, got {got}")
    return [PreparedImage(np.rint(grey).astype(np.uint8), picture)]


def _resized(grey: NDArray[np.float32], height: int, width: int) -> NDArray[np.uint8]:
    """Resize with the aspect kept, on a background of the median along the picture's edges."""
    edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    image = Image.fromarray(np.rint(grey).astype(np.uint8))
    background = int(np.median(edges))
    return np.asarray(ImageOps.pad(image, (width, height), Image.Resampling.LANCZOS, background))


def _clean(picture: Picture) -> PreparedImage | None:
    """Read the digit of a clean picture; return None if it may be a photograph."""
    try:
        strokes, noise = ink(picture.grey)
        clean = is_clean(strokes, noise, place(strokes))
        if not clean and not is_cut_out(strokes):
            return None
        check_single(strokes)
    except PictureError:  # the steps for photographs may succeed
        return None
    doubts = () if clean else ("touches the edge",)
    return _placed(picture, strokes, strokes > 0, ink_box(strokes), doubts)


def _placed(
    picture: Picture,
    strokes: Floats,
    ink: NDArray[np.bool_],
    box: tuple[slice, slice],
    doubts: tuple[str, ...] = (),
) -> PreparedImage:
    """Place strokes, and compute their box. Raises PictureError if they are out of focus."""
    image = place(strokes)
    steps = [np.abs(np.diff(image.astype(np.int16), axis=axis)).ravel() for axis in (0, 1)]
    sharpness = np.sort(np.concatenate(steps))[-STEPS]
    if sharpness < BLURRED:
        raise PictureError(Refusal.BLURRED)
    if sharpness < SOFT:
        doubts = (*doubts, "out of focus")
    down, across = np.divide(picture.size, picture.grey.shape)
    rows, columns = box
    ends = (columns.start * across, rows.start * down, columns.stop * across, rows.stop * down)
    left, top, right, bottom = map(int, ends)
    return PreparedImage(image, picture, ink, (left, top, right, bottom), doubts)
