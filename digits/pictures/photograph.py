"""Read the digits of a picture."""

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from digits.errors import PictureError
from digits.pictures.finding import Found, find_marks, thickened
from digits.pictures.prepared import Detected, Mark, PreparedImage, Refusal, box_in_file
from digits.pictures.preparing import Floats, ink, ink_box, place
from digits.pictures.reading import Picture
from digits.pictures.rows import rows
from digits.pictures.single import check_single
from digits.pictures.touching import Scores, cut_apart


def read_digits(picture: Picture, every: bool, scores: Scores | None) -> Detected:
    """Return the digits of a picture; not every: the one digit.

    Raises PictureError if there is none, or more than the one.
    """
    try:
        digits, others, inked = find_marks(picture.grey, every)
        if len(digits) > 1 and not every:
            raise PictureError(Refusal.SEVERAL)
        if not every:
            check_single(thickened(digits[0].strokes), may_be_dot=True)  # which is doubted already
    except PictureError as fault:
        digits, others, inked = _plain(picture, scores, fault)
    if scores:
        digits = [one for mark in digits for one in cut_apart(mark, _image, scores, every)]
    refused = [(reason, box_in_file(picture, box, (0, 0))) for reason, box in others if every]
    return Detected(picture, _in_order(picture, digits), refused, inked)


def _plain(picture: Picture, scores: Scores | None, fault: PictureError) -> Found:
    """Return a digit of which models are sure, such as a thin scan, else raise the fault."""
    with suppress(PictureError):
        strokes, _ = ink(picture.grey)
        check_single(strokes)
        if scores and fault.args[0] != Refusal.SEVERAL and scores(_image(strokes)[None])[0] <= 0:
            return [Mark(strokes)], [], strokes > 0
    raise fault


def _image(strokes: Floats) -> NDArray[np.uint8]:
    return place(thickened(strokes))


def _in_order(picture: Picture, marks: list[Mark]) -> list[PreparedImage]:
    """Return what a model reads of each mark, sorted by its row and column."""
    boxes = [box_in_file(picture, ink_box(mark.strokes), mark.corner) for mark in marks]
    return [
        PreparedImage(_image(marks[index].strokes), boxes[index], marks[index].doubts, y, x)
        for y, row in enumerate(rows(np.array(boxes, np.float64)), 1)
        for x, index in enumerate(row, 1)
    ]
