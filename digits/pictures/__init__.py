"""From any picture to what a model reads: read it, find the ink, place it."""

import numpy as np
from numpy.typing import NDArray

from digits.pictures.preparing import ink, place
from digits.pictures.reading import read
from digits.pictures.single import check_single


def prepare(name: str) -> NDArray[np.uint8]:
    """Return what a model reads of the picture in a file (- is stdin): uint8 (28, 28), 0 paper.

    Raises PictureError if no single digit can be read in it.
    """
    strokes = ink(read(name))
    check_single(strokes)
    return place(strokes)
