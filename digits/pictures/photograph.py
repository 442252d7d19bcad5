"""Read the digits of a photograph, one or a page of them, and say what is left out."""

import numpy as np
from numpy.typing import NDArray

from digits.errors import PictureError
from digits.pictures.finding import find_marks, thickened
from digits.pictures.prepared import Detected, Mark, PreparedImage, box_in_file, placed
from digits.pictures.preparing import Floats, ink_box, place
from digits.pictures.reading import Picture
from digits.pictures.refusals import NO_DIGIT, Refusal
from digits.pictures.rows import rows
from digits.pictures.single import check_single
from digits.pictures.touching import Scores, cut_apart


def read_photograph(picture: Picture, every: bool, scores: Scores | None) -> Detected:
    """Return the digits of a picture; not every: the one digit.

    Raises PictureError if there is none, or more than the one.
    """
    marks, ink = find_marks(picture.grey, picture.colours, every)
    digits = [mark for mark in marks if mark.refusal is None]
    if len(digits) > 1 and not every:
        raise PictureError(Refusal.SEVERAL)
    if scores is not None:
        digits = cut_apart(digits, _image, scores, every)
    images: list[PreparedImage] = []
    refused = [(mark.refusal, box_in_file(picture, mark.box)) for mark in marks if mark.refusal]
    for mark in digits:
        mark = mark._replace(box=_box(mark))
        try:
            strokes = thickened(mark.strokes)
            check_single(strokes, may_be_dot=True)  # one that is filled is doubted already
            images.append(placed(picture, mark, strokes))
        except PictureError as fault:
            if not every:
                raise
            refused.append((Refusal(str(fault)), box_in_file(picture, mark.box)))
    if not images:
        raise PictureError(max(refused, key=lambda one: one[0] not in NO_DIGIT)[0])
    return Detected(picture, _in_order(images), refused if every else [], ink)


def _image(strokes: Floats) -> NDArray[np.uint8]:
    return place(thickened(strokes))


def _box(mark: Mark) -> tuple[slice, slice]:
    """Return the rows and columns of a mark's ink in the picture."""
    rows, columns = (
        slice(side.start + start, side.stop + start)
        for side, start in zip(ink_box(mark.strokes), mark.corner, strict=True)
    )
    return rows, columns


def _in_order(images: list[PreparedImage]) -> list[PreparedImage]:
    """Give each digit its row and column, and sort by these."""
    boxes = np.array([one.box for one in images], np.float64)
    return [
        images[index]._replace(row=y, column=x)
        for y, row in enumerate(rows(boxes), 1)
        for x, index in enumerate(row, 1)
    ]
