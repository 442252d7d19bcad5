"""From any picture to the images that a model reads."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from digits.errors import PictureError
from digits.pictures.clean import is_clean, is_cut_out
from digits.pictures.prepared import Detected, Mark, PreparedImage, placed
from digits.pictures.preparing import ink, ink_box, place
from digits.pictures.reading import LARGEST, Picture, read_picture
from digits.pictures.refusals import Refusal
from digits.pictures.single import check_single
from digits.pictures.touching import Scores, cut_apart

PAGE = 2 * LARGEST  # pixels of the longer side above which a page of digits is reduced


def prepare(
    name: str, how: str = "mnist", size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Return what a model reads of a picture file (- is stdin): uint8 (height, width).

    how: "mnist": the ink of a single digit, placed as MNIST's are, 0 paper; "resize": grey levels,
    resized to `size`, (height, width); "none": grey levels, unchanged, of `size` if it is given.
    Raises PictureError if that cannot be done.
    """
    return detect(read(name, how), how, size).images[0].image


def read(name: str, how: str = "mnist", every: bool = False) -> Picture:
    """Read a picture file for `detect`. Raises PictureError."""
    return read_picture(name, PAGE if every else LARGEST, in_colour=how == "mnist")


def detect(
    picture: Picture,
    how: str = "mnist",
    size: tuple[int, int] | None = None,
    every: bool = False,
    scores: Scores | None = None,
) -> Detected:
    """Prepare a picture as `prepare` does; every: each digit of a page, in reading order.

    scores: how uncertain the answers to images are. With it, digits that touch are cut or doubted.
    """
    grey = picture.grey
    if how == "mnist":
        return _digits(picture, every, scores)
    if how == "resize":
        assert size is not None
        return Detected(picture, [PreparedImage(_resized(grey, *size))], [])
    if size not in (None, grey.shape):
        wanted, got = ("{} x {}".format(*shape) for shape in (size, grey.shape))
        raise PictureError(f"expected a picture of {wanted} pixels, height and width, got {got}")
    return Detected(picture, [PreparedImage(np.rint(grey).astype(np.uint8))], [])


def _resized(grey: NDArray[np.float32], height: int, width: int) -> NDArray[np.uint8]:
    """Resize with the aspect kept, on a background of the median along the picture's edges."""
    edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    image = Image.fromarray(np.rint(grey).astype(np.uint8))
    background = int(np.median(edges))
    return np.asarray(ImageOps.pad(image, (width, height), Image.Resampling.LANCZOS, background))


def _digits(picture: Picture, every: bool, scores: Scores | None) -> Detected:
    """Read a clean picture of one digit as it is, any other picture as a photograph."""
    plain, is_sure = _plain(picture, scores)
    if plain is not None and is_sure and not every:
        return plain
    from digits.pictures.photograph import (
        read_photograph,
    )  # scipy is imported for photographs alone

    try:
        return read_photograph(picture, every, scores)
    except PictureError as fault:
        if plain is None or scores is None or fault.args[0] in (Refusal.SEVERAL, Refusal.BLURRED):
            raise
        (one,) = plain.images
        if one.doubts or scores(one.image[None])[0] > 0:
            raise
        return plain  # the steps for photographs may refuse what is plain, such as a thin scan


def _plain(picture: Picture, scores: Scores | None) -> tuple[Detected | None, bool]:
    """Read one digit without the steps for photographs, and tell whether these are needless.

    Return None if that refuses the picture.
    """
    try:
        strokes, noise = ink(picture.grey)
        check_single(strokes)
        mark = Mark(ink_box(strokes), None, strokes)
        if scores is not None:
            (mark,) = cut_apart([mark], place, scores, every=False)
        image = placed(picture, mark, strokes)
    except PictureError:
        return None, False
    is_sure = is_clean(strokes, noise, image.image) or is_cut_out(strokes)
    return Detected(picture, [image], [], strokes > 0), is_sure
