"""From any picture to what a model reads."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.errors import PictureError
from digits.pictures.clean import is_clean
from digits.pictures.preparing import Floats, against_paper, inked, place, span
from digits.pictures.reading import Picture, read
from digits.pictures.refusals import Refusal
from digits.pictures.scaling import scaled
from digits.pictures.single import check_single

STEPS, SOFT, BLURRED = 20, 80, 55
"""The 20th largest step between neighbours in what a model reads, in grey levels: of a picture out
of focus below 80, of one that is refused below 55. 99.9 % of MNIST's have 146 or more; blurred
until they have 80, 96 % are read by the hidden model, at 55 two thirds.
"""


class PreparedImage(NamedTuple):
    """What a model reads of a picture, uint8 (height, width), and how it came about.

    ink: which pixels of the picture as it was read are the digit's, none if it is not sought;
    box: left, top, right and bottom of the digit in the file's own pixels, if it is; doubts: in
    what the picture is doubtful ground, in a few words each.
    """

    image: NDArray[np.uint8]
    picture: Picture | None
    ink: NDArray[np.bool_] | None = None
    box: tuple[int, int, int, int] | None = None
    doubts: tuple[str, ...] = ()


def prepare(
    name: str, how: str = "mnist", size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Return what a model reads of the picture in a file (- is stdin): uint8 (height, width).

    how: "mnist": the ink of a single digit, placed as MNIST's are, 0 paper; "resize": grey levels,
    scaled to `size`, (height, width); "none": grey levels, as they are, of `size` if it is given.
    Raises PictureError if that cannot be done.
    """
    return look(name, how, size)[0].image


def look(
    name: str, how: str = "mnist", size: tuple[int, int] | None = None, every: bool = False
) -> list[PreparedImage]:
    """Do as `prepare` does, and say how it came about; every: each digit, in reading order."""
    picture = read(name)
    grey = picture.grey
    if how == "mnist":
        return _photographed(picture, every=True) if every else [_digit(picture)]
    if how == "resize":
        assert size is not None
        return [PreparedImage(scaled(grey, *size), picture)]
    if size not in (None, grey.shape):
        wanted, got = ("{} x {}".format(*shape) for shape in (size, grey.shape))
        raise PictureError(f"expected a picture of {wanted} pixels, height and width, got {got}")
    return [PreparedImage(np.rint(grey).astype(np.uint8), picture)]


def _digit(picture: Picture) -> PreparedImage:
    """Read a single digit, a clean picture without the steps that only photographs need."""
    try:
        darker, noise = against_paper(picture.grey)
        strokes = inked(darker, noise)
        image = place(strokes)
        doubts: tuple[str, ...] = ()
        if not is_clean(strokes, noise / darker.max(), image):
            from digits.pictures.marks import fills  # scipy, for those who need it

            if not fills(strokes):
                return _photographed(picture)[0]
            doubts = ("touches the edge",)
        check_single(strokes)
    except PictureError:  # which the other steps may mend
        return _photographed(picture)[0]
    rows, columns = (slice(*span(strokes.sum(axis=axis))) for axis in (1, 0))
    return _seen(picture, strokes, strokes > 0, rows, columns, doubts)


def _photographed(picture: Picture, every: bool = False) -> list[PreparedImage]:
    """Read a photograph: the one digit in it, or each."""
    from digits.pictures.finding import find  # scipy, for those who need it

    return [
        _seen(picture, one.strokes, one.ink, *one.box, one.doubts)
        for one in find(picture.grey, picture.colours, every)
    ]


def _seen(
    picture: Picture,
    strokes: Floats,
    ink: NDArray[np.bool_],
    rows: slice,
    columns: slice,
    doubts: tuple[str, ...],
) -> PreparedImage:
    """Place strokes, and say where they are. Raises PictureError if they are out of focus."""
    image = place(strokes)
    steps = [np.abs(np.diff(image.astype(np.int16), axis=axis)).ravel() for axis in (0, 1)]
    sharpness = np.sort(np.concatenate(steps))[-STEPS]
    if sharpness < BLURRED:
        raise PictureError(Refusal.BLURRED)
    if sharpness < SOFT:
        doubts = (*doubts, "out of focus")
    down, across = (
        whole / reduced for whole, reduced in zip(picture.size, picture.grey.shape, strict=True)
    )
    box = (columns.start * across, rows.start * down, columns.stop * across, rows.stop * down)
    left, top, right, bottom = map(int, box)
    return PreparedImage(image, picture, ink, (left, top, right, bottom), doubts)
