"""Find the digits in a photograph, as dark and as thick as MNIST's strokes are."""

from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digits.errors import PictureError
from digits.pictures.components import DOTS, Components, in_reading_order, join, measure, peers
from digits.pictures.light import Levels, darkness, is_light_on_dark, most_telling
from digits.pictures.lines import Mask, lines
from digits.pictures.preparing import BOX, CONTRAST, FAINT, Floats
from digits.pictures.refusals import Refusal
from digits.pictures.single import check_single

PALE = 0.4  # share of the darkest ink, its 95th percentile, from which a pixel is ink
NOISE = 5.0  # standard deviations of the paper's noise that ink is darker, at least
THIN, USUAL = 1.6 / BOX, 2.4 / BOX
"""Strokes thinner than a share of a digit's longer side are thickened, to another share. Of 2,000
of MNIST's digits 7 % are thinner; the median is 2.4 of 20 pixels, measured at eightfold size."""
BLACK = 75  # percentile of darkness that becomes 255: half of MNIST's inked pixels have 251
LOUD = 128  # grey levels of noise above which a picture is refused: ink cannot be so dark
MANY = 50  # specks above which a picture is refused
MARGIN = 4  # pixels around the ink that belong to it: the soft edges of strokes


class Digit(NamedTuple):
    """A digit: its strokes (0 paper to 255 ink), its ink in the picture, its box, and doubts."""

    strokes: Floats
    ink: Mask
    box: tuple[slice, slice]
    doubts: tuple[str, ...]


def find_digits(
    grey: Levels, colours: NDArray[np.uint8] | None, every: bool = False
) -> list[Digit]:
    """Return the one digit of a picture; every: all that stand apart, in reading order.

    grey: (height, width), 0-255; colours: RGB, uint8 (height, width, 3), or None. Raises
    PictureError if there is no digit, or several and not `every`.
    """
    levels = most_telling(grey, colours)
    chalk = is_light_on_dark(levels)
    try:
        return _found(*darkness(levels, chalk), every)
    except PictureError as fault:
        if not chalk or fault.args[0] in (Refusal.SEVERAL, Refusal.WIDE, Refusal.BLURRED):
            raise
        with suppress(PictureError):  # a sheet on a dark table is like chalk on a board
            found = _found(*darkness(levels, chalk=False), every)
            if not any(digit.doubts for digit in found):
                return found
        raise


def _found(darker: Levels, noise: float, every: bool) -> list[Digit]:
    least = max(CONTRAST, NOISE * noise)
    if least > LOUD:
        raise PictureError(Refusal.SCATTERED)
    alive, ruled = np.ones(darker.shape, bool), np.zeros(darker.shape, bool)
    specks = 0
    for _ in range(3):  # without tables and frames the threshold is lower
        ruled |= lines(_ink(darker, alive, least, FAINT))
        alive &= ~ruled
        ink = _ink(darker, alive, least, PALE)
        label, _ = ndimage.label(ink, np.ones((3, 3)))
        parts = measure(label, darker)
        specks += int((parts.contact == 0).sum())
        label, parts = join(label, parts, darker)
        if len(parts):
            break
        alive &= ~ndimage.binary_dilation(ink, iterations=MARGIN)
    else:
        raise PictureError(_why_none(specks, ruled))
    digits = peers(parts)
    if digits[0].is_bar and ruled.any():
        raise PictureError(Refusal.LINES)
    if len(digits) > 1 and not every:
        raise PictureError(Refusal.SEVERAL)
    return [_extracted(darker, least, label, digit, ruled) for digit in in_reading_order(digits)]


def _ink(darker: Levels, alive: Mask, least: float, share: float) -> Mask:
    """Return the pixels that are darker than a share of the darkest ink."""
    dark = darker[alive & (darker > least)]
    return alive & (darker > max(least, share * np.percentile(dark, 95) if dark.size else 0))


def _why_none(specks: int, ruled: Mask) -> Refusal:
    """Return what there is in a picture in which nothing may be a digit."""
    if ruled.any():
        return Refusal.LINES
    if specks > MANY:
        return Refusal.SCATTERED
    return Refusal.DOT if specks else Refusal.BLANK


def _extracted(
    darker: Levels, least: float, label: NDArray[np.int32], digit: Components, ruled: Mask
) -> Digit:
    """Return a digit's strokes, thickened if they are thin, and the doubts about them."""
    box = slice(int(digit.top), int(digit.bottom)), slice(int(digit.left), int(digit.right))
    window = tuple(slice(max(0, side.start - MARGIN), side.stop + MARGIN) for side in box)
    whole = label == digit.number
    ink = whole[window]
    strength = float(np.percentile(darker[window][ink], BLACK))
    near = ndimage.binary_dilation(ink, np.ones((3, 3)), iterations=2)
    shares = np.where(near, (darker[window] / strength).clip(0, 1), 0)
    shares[shares < FAINT] = 0
    if digit.dotted:
        shares = ndimage.grey_closing(shares, (int(4 * DOTS * digit.area / digit.edges),) * 2)
    strokes = np.floor(_thickened(shares, int(digit.long)) * 255 + 0.5).astype(np.float64)
    check_single(strokes)
    doubts = {
        "faint ink": strength < 2 * least,
        "touches the edge": digit.contact > 0,
        "lines near the ink": (near & ruled[window]).sum() > 0.3 * ink.sum(),
    }
    return Digit(strokes, whole, box, tuple(doubt for doubt, holds in doubts.items() if holds))


def _thickened(shares: Levels, long: int) -> Levels:
    """Thicken thin strokes to the usual thickness. shares: darkness, 0-1."""
    full = np.pad(shares > 0.5, 1)
    thickness = 4 * ndimage.distance_transform_edt(full)[full].mean() - 2
    if thickness >= THIN * long:
        return shares
    more = (USUAL * long - thickness) / 2
    shares = np.pad(shares, int(more) + 2)
    away = ndimage.distance_transform_edt(shares <= 0.5)
    thick: Levels = np.maximum(shares, (more + 1 - away).clip(0, 1))
    return thick
