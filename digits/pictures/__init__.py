"""From any picture to the images that a model reads."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from digits.errors import PictureError
from digits.pictures.prepared import Detected, PreparedImage
from digits.pictures.reading import Picture, read
from digits.pictures.touching import Scores


def prepare(
    name: str, how: str = "mnist", size: tuple[int, ...] | None = None, colour: bool = False
) -> NDArray[np.uint8]:
    """Return what a model reads of a picture file (- is stdin): uint8 (height, width).

    how: "mnist": the ink of a single digit, placed as MNIST's are, 0 paper; "resize": grey levels,
    resized to `size`, (height, width); "none": grey levels, unchanged, of `size` if it is given.
    colour: not grey levels, but red, green and blue, (height, width, 3).
    Raises PictureError if that cannot be done.
    """
    return detect(read(name, colour=colour), how, size).images[0].image


def detect(
    picture: Picture,
    how: str = "mnist",
    size: tuple[int, ...] | None = None,
    every: bool = False,
    scores: Scores | None = None,
) -> Detected:
    """Prepare a picture as `prepare` does; every: each digit of a page, in reading order.

    scores: how uncertain the answers to images are. With it, digits that touch are cut or doubted.
    """
    if how == "mnist":
        from digits.pictures.photograph import read_digits  # scipy is slow to import

        return read_digits(picture, every, scores)
    grey = picture.grey.astype(np.uint8)
    if how == "resize":
        assert size is not None
        edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        paper, method = np.median(edges, axis=0).astype(int), Image.Resampling.LANCZOS
        filled = Image.fromarray(grey), (size[1], size[0]), method, tuple(paper.ravel().tolist())
        grey = np.asarray(ImageOps.pad(*filled))
    elif size not in (None, grey.shape):
        wanted, got = ("{} x {}".format(*shape) for shape in (size, grey.shape))
        raise PictureError(f"expected a picture of {wanted} pixels, height and width, got {got}")
    return Detected(picture, [PreparedImage(grey)], [])
