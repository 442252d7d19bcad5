"""Read the digits of a picture: of a clean one as it is, of any other as a photograph."""

import numpy as np
from numpy.typing import NDArray

from digits.errors import PictureError
from digits.pictures.finding import find_marks, thickened
from digits.pictures.prepared import (
    Detected,
    Mark,
    PreparedImage,
    Refusal,
    box_in_file,
)
from digits.pictures.preparing import Floats, ink, ink_box, place
from digits.pictures.reading import Picture
from digits.pictures.rows import rows
from digits.pictures.single import check_single, is_clean
from digits.pictures.touching import Scores, cut_apart

STEPS, SOFT = 20, 80
"""Sharpness is the 20th largest step between neighbours in the image, in grey levels. Below 80 a
picture is out of focus. 99.9 % of MNIST's have 146 or more; blurred until they have 80, 96 % are
read by the hidden model."""


def read_digits(picture: Picture, every: bool, scores: Scores | None) -> Detected:
    """Return the digits of a picture; not every: the one digit.

    Raises PictureError if there is none, or more than the one.
    """
    plain, is_sure = _plain(picture, scores)
    if plain and is_sure and not every:
        return plain
    try:
        return _photograph(picture, every, scores)
    except PictureError as fault:
        if plain and scores and fault.args[0] != Refusal.SEVERAL:
            (one,) = plain.images
            if not one.doubts and scores(one.image[None])[0] <= 0:
                return plain  # the steps for photographs may refuse what is plain: a thin scan
        raise


def _plain(picture: Picture, scores: Scores | None) -> tuple[Detected | None, bool]:
    """Read one digit without the steps for photographs, and tell whether these are needless.

    Return None if that refuses the picture.
    """
    try:
        strokes, noise = ink(picture.grey)
        check_single(strokes)
    except PictureError:
        return None, False
    mark, image = Mark(strokes), place(strokes)
    if scores:
        (mark,) = cut_apart(mark, place, scores, every=False)
    found = Detected(picture, [_prepared(picture, mark, image)], [], strokes > 0)
    return found, is_clean(strokes, noise, image)


def _photograph(picture: Picture, every: bool, scores: Scores | None) -> Detected:
    """Find and read digits, as `read_digits` does, on paper of any kind."""
    digits, others, ink = find_marks(picture.grey, every)
    if not every:
        if len(digits) > 1:
            raise PictureError(Refusal.SEVERAL)
        check_single(thickened(digits[0].strokes), may_be_dot=True)  # which is doubted already
    if scores:
        digits = [one for mark in digits for one in cut_apart(mark, _image, scores, every)]
    images = [_prepared(picture, mark, _image(mark.strokes)) for mark in digits]
    refused = [(reason, box_in_file(picture, *box)) for reason, box in others if every]
    return Detected(picture, _in_order(images), refused, ink)


def _prepared(picture: Picture, mark: Mark, image: NDArray[np.uint8]) -> PreparedImage:
    """Return a mark's image with its box and doubts, one of which is a blur."""
    steps = [np.abs(np.diff(image.astype(np.int16), axis=axis)).ravel() for axis in (0, 1)]
    sharpness = np.sort(np.concatenate(steps))[-STEPS]
    rows, columns = (
        slice(side.start + start, side.stop + start)
        for side, start in zip(ink_box(mark.strokes), mark.corner, strict=True)
    )
    doubts = (*mark.doubts, "out of focus") if sharpness < SOFT else mark.doubts
    return PreparedImage(image, box_in_file(picture, rows, columns), doubts)


def _image(strokes: Floats) -> NDArray[np.uint8]:
    return place(thickened(strokes))


def _in_order(images: list[PreparedImage]) -> list[PreparedImage]:
    """Give each digit its row and column, and sort by these."""
    boxes = np.array([one.box for one in images], np.float64)
    return [
        images[index]._replace(row=y, column=x)
        for y, row in enumerate(rows(boxes), 1)
        for x, index in enumerate(row, 1)
    ]
