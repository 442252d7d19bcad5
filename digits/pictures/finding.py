"""Find the ink of digits in a photograph, as dark and as thick as MNIST's strokes are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digits.errors import PictureError
from digits.pictures.light import Levels, darkness, is_light_on_dark, most_telling
from digits.pictures.lines import Mask, lines
from digits.pictures.marks import DOTS, Mark, digits, in_reading_order, is_bar, is_peer, marks
from digits.pictures.preparing import BOX, CONTRAST, FAINT, Floats
from digits.pictures.refusals import Refusal
from digits.pictures.single import check_single

PALE = 0.4
"""Share of the usual ink's darkness from which a pixel is ink."""
NOISE = 5.0
"""Standard deviations of the paper's noise that ink is darker, at least."""
THIN = 1.6 / BOX
"""Strokes thinner than this share of a digit's longer side are thickened: of MNIST's 7 % are."""
USUAL = 2.4 / BOX
"""... to so much. Of 2,000 training digits the strokes are 2.4 of 20 pixels wide in the
middle, from 1.5 to 3.7 in 90 %, measured as here at eightfold size."""
BLACK = 75
"""Percentile of the ink's darkness that becomes 255: half of MNIST's inked pixels have 251."""
LOUD = 128
"""Grey levels of noise in which nothing can be told, though ink had all the contrast there is."""
MANY = 50
"""Specks that are more than an accident."""
MARGIN = 4
"""Pixels around the ink that are looked at: the soft edges of strokes."""


class Found(NamedTuple):
    """A digit: its strokes (0 paper to 255 ink), its ink in the picture, its box, and doubts."""

    strokes: Floats
    ink: Mask
    box: tuple[slice, slice]
    doubts: tuple[str, ...]


def find(grey: Levels, colours: NDArray[np.uint8] | None, every: bool = False) -> list[Found]:
    """Return the one digit of a picture; every: all that stand apart, in reading order.

    grey: (height, width), 0-255; colours: uint8 (height, width, 3), if it has any. Raises
    PictureError if there is none, or more than the one that is asked for.
    """
    levels = most_telling(grey, colours)
    chalk = is_light_on_dark(levels)
    try:
        return _found(*darkness(levels, chalk), every)
    except PictureError as fault:
        if not chalk or fault.args[0] in (Refusal.SEVERAL, Refusal.WIDE, Refusal.BLURRED):
            raise
        try:  # a sheet on a dark table can be taken for chalk
            found = _found(*darkness(levels, chalk=False), every)
        except PictureError:
            raise fault from None
        if any(one.doubts for one in found):
            raise
        return found


def _found(darker: Levels, noise: float, every: bool) -> list[Found]:
    alive = np.ones(darker.shape, bool)
    ruled = np.zeros(darker.shape, bool)
    if NOISE * noise > LOUD:
        raise PictureError(Refusal.SCATTERED)
    seen: list[Mark] = []
    for _ in range(3):  # without what was around a digit, paler ink comes to light
        ruled |= lines(_ink(darker, alive, noise, FAINT))
        alive &= ~ruled
        ink = _ink(darker, alive, noise, PALE)
        label, count = ndimage.label(ink, np.ones((3, 3)))
        seen += (found := marks(label, count, darker))
        if candidates := digits(found, darker.shape):
            break
        alive &= ~ndimage.binary_dilation(ink, iterations=MARGIN)
    else:
        raise PictureError(_why_none(seen, ruled))
    if is_bar(candidates[0]) and ruled.any():
        raise PictureError(Refusal.LINES)
    several = [mark for mark in candidates if is_peer(mark, candidates[0])]
    if not every and len(several) > 1:
        raise PictureError(Refusal.SEVERAL)
    return [_extracted(darker, noise, label, mark, ruled) for mark in in_reading_order(several)]


def _ink(darker: Levels, alive: Mask, noise: float, share: float) -> Mask:
    """Return what is darker than a share of the usual ink."""
    dark = darker[alive & (darker > max(CONTRAST, NOISE * noise))]
    least = max(share * float(np.percentile(dark, 95)) if dark.size else 0, CONTRAST, NOISE * noise)
    return alive & (darker > least)


def _why_none(seen: list[Mark], ruled: Mask) -> Refusal:
    """Say what there is where no mark may be a digit."""
    if ruled.any():
        return Refusal.LINES
    inner = [mark for mark in seen if not mark.contact]
    if len(inner) > MANY:
        return Refusal.SCATTERED
    return Refusal.DOT if inner else Refusal.BLANK


def _extracted(
    darker: Levels, noise: float, label: NDArray[np.int32], digit: Mark, ruled: Mask
) -> Found:
    box = (digit.rows, digit.columns)
    window = tuple(slice(max(0, side.start - MARGIN), side.stop + MARGIN) for side in box)
    ink = np.isin(label[window], digit.numbers)
    strength = float(np.percentile(darker[window][ink], BLACK))
    near = ndimage.binary_dilation(ink, np.ones((3, 3)), iterations=2)
    shares = np.where(near, (darker[window] / strength).clip(0, 1), 0)
    shares[shares < FAINT] = 0
    doubts = []
    if strength < 2 * max(CONTRAST, NOISE * noise):
        doubts.append("faint ink")
    if digit.contact:
        doubts.append("touches the edge")
    if (near & ruled[window]).sum() > 0.3 * ink.sum():
        doubts.append("lines near the ink")
    if digit.dotted and len(digit.numbers) > 1:
        shares = ndimage.grey_closing(shares, (int(2 * DOTS * digit.thickness),) * 2)
    strokes = np.floor(_thickened(shares, digit.long) * 255 + 0.5).astype(np.float64)
    check_single(strokes)
    whole = np.zeros(label.shape, bool)
    whole[window] = ink
    return Found(strokes, whole, box, tuple(doubts))


def _thickened(shares: Levels, long: int) -> Levels:
    """Draw thin strokes as thick as usual ones."""
    full = np.pad(shares > 0.5, 1)
    thickness = 4 * ndimage.distance_transform_edt(full)[full].mean() - 2
    if thickness >= THIN * long:
        return shares
    more = (USUAL * long - thickness) / 2
    shares = np.pad(shares, int(more) + 2)
    away = ndimage.distance_transform_edt(shares <= 0.5)
    thick: Levels = np.maximum(shares, (more + 1 - away).clip(0, 1))
    return thick
