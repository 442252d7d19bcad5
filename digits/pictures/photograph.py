"""Read the digits of a picture: of a clean one as it is, of any other as a photograph."""

import numpy as np
from numpy.typing import NDArray

from digits.errors import PictureError
from digits.pictures.finding import find_marks, thickened
from digits.pictures.prepared import Detected, Mark, PreparedImage, box_in_file, placed
from digits.pictures.preparing import Floats, ink, ink_box, place
from digits.pictures.reading import Picture
from digits.pictures.refusals import NO_DIGIT, Refusal
from digits.pictures.rows import rows
from digits.pictures.single import check_single, is_clean
from digits.pictures.touching import Scores, cut_apart


def read_digits(picture: Picture, every: bool, scores: Scores | None) -> Detected:
    """Return the digits of a picture; not every: the one digit.

    Raises PictureError if there is none, or more than the one.
    """
    plain, is_sure = _plain(picture, scores)
    if plain is not None and is_sure and not every:
        return plain
    try:
        return _photograph(picture, every, scores)
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
            (mark,) = cut_apart(mark, place, scores, every=False)
        image = placed(picture, mark, strokes)
    except PictureError:
        return None, False
    is_sure = is_clean(strokes, noise, image.image)
    return Detected(picture, [image], [], strokes > 0), is_sure


def _photograph(picture: Picture, every: bool, scores: Scores | None) -> Detected:
    """Find and read digits, as `read_digits` does, on paper of any kind."""
    marks, ink = find_marks(picture.grey, every)
    digits = [mark for mark in marks if mark.refusal is None]
    if len(digits) > 1 and not every:
        raise PictureError(Refusal.SEVERAL)
    if scores is not None:
        digits = [one for mark in digits for one in cut_apart(mark, _image, scores, every)]
    images: list[PreparedImage] = []
    refused = [(mark.refusal, box_in_file(picture, mark.box)) for mark in marks if mark.refusal]
    for mark in digits:
        box = ink_box(mark.strokes)
        ends = zip(box, mark.corner, strict=True)
        rows, columns = (slice(side.start + start, side.stop + start) for side, start in ends)
        mark = mark._replace(box=(rows, columns))
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


def _in_order(images: list[PreparedImage]) -> list[PreparedImage]:
    """Give each digit its row and column, and sort by these."""
    boxes = np.array([one.box for one in images], np.float64)
    return [
        images[index]._replace(row=y, column=x)
        for y, row in enumerate(rows(boxes), 1)
        for x, index in enumerate(row, 1)
    ]
