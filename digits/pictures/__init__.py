"""From any picture to what a model reads."""

import numpy as np
from numpy.typing import NDArray

from digits.errors import PictureError
from digits.pictures.preparing import ink, place
from digits.pictures.reading import read
from digits.pictures.scaling import scaled
from digits.pictures.single import check_single


def prepare(
    name: str, how: str = "mnist", size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Return what a model reads of the picture in a file (- is stdin): uint8 (height, width).

    how: "mnist": the ink of a single digit, placed as MNIST's are, 0 paper; "resize": grey levels,
    scaled to `size`, (height, width); "none": grey levels, as they are, of `size` if it is given.
    Raises PictureError if that cannot be done.
    """
    grey = read(name)
    if how == "mnist":
        strokes = ink(grey)
        check_single(strokes)
        return place(strokes)
    if how == "resize":
        assert size is not None
        return scaled(grey, *size)
    if size not in (None, grey.shape):
        wanted, got = ("{} x {}".format(*shape) for shape in (size, grey.shape))
        raise PictureError(f"expected a picture of {wanted} pixels, height and width, got {got}")
    return np.rint(grey).astype(np.uint8)
