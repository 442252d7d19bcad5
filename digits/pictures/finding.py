"""Find the digits in a photograph, as dark and as thick as MNIST's strokes are."""

import numpy as np
from scipy import ndimage

from digits.errors import PictureError
from digits.pictures.components import Components, Labels, join, measure, refusals
from digits.pictures.light import Levels, darkness, is_light_on_dark
from digits.pictures.lines import Mask, lines
from digits.pictures.prepared import Mark, Refusal
from digits.pictures.preparing import BOX, CONTRAST, FAINT, Floats, ink_box

PALE = 0.4  # share of the darkest ink, its 95th percentile, from which a pixel is ink
PALER = 0.25  # ... and from which one is that continues darker ink, such as a fading stroke
NOISE = 5.0  # standard deviations of the paper's noise that ink is darker, at least
THIN, USUAL = 1.6 / BOX, 2.4 / BOX
"""Strokes thinner than a share of a digit's longer side are thickened, to another share. Of 2,000
of MNIST's digits 7 % are thinner; the median is 2.4 of 20 pixels, measured at eightfold size."""
BLACK = 75  # percentile of darkness that becomes 255: half of MNIST's inked pixels have 251
RIM, ALONG = 0.12, 0.8  # a frame has ink in the outer 12 % of each of its sides, along 80 % of it
FILLED = 0.5  # the share of its box that a frame's ink fills at most; a thick 1 fills more
BOXED = 1 / 12  # thickness of the lines of a box or table, as a share of its longer side, at most
CLOSE = 0.03  # gap to three of the picture's sides, in digits, within which one is cut out, not off
MARGIN = 4  # pixels around the ink that belong to it: the soft edges of strokes

BESIDE = np.ones((3, 3))  # pixels are connected with all eight neighbours
Found = tuple[list[Mark], list[tuple[Refusal, tuple[slice, slice]]], Mask]


def find_marks(levels: Levels, every: bool = False) -> Found:
    """Return the digits of a picture, why and where other marks are none, and the digits' ink.

    levels: grey, (height, width), 0-255; every: as many digits as there are, not one. Raises
    PictureError if there is none.
    """
    outcomes: list[Found | PictureError] = []
    for chalk in (True, False) if is_light_on_dark(levels) else (False,):
        try:
            found = _found(*darkness(levels, chalk), every)
        except PictureError as fault:
            outcomes.append(fault)
            continue
        outcomes.append(found)
        if not any(mark.doubts for mark in found[0]):
            return found  # else it may be a sheet on a dark table, which is like chalk
    if isinstance(outcomes[0], PictureError):
        raise outcomes[0]
    return outcomes[0]


def _found(darker: Levels, noise: float, every: bool) -> Found:
    least = max(CONTRAST, NOISE * noise)
    alive, ruled = np.ones(darker.shape, bool), np.zeros(darker.shape, bool)
    has_specks = False
    for _ in range(3):  # without tables and frames the threshold is lower
        ruled |= lines(_ink(darker, alive, least, FAINT))
        alive &= ~ruled
        ink = _ink(darker, alive, least, PALE)
        ink = ndimage.binary_propagation(ink, BESIDE, _ink(darker, alive, least, PALER))
        label, _ = ndimage.label(ink, BESIDE)
        rules = _rules(label, measure(label, darker))
        ruled |= rules
        label, _ = ndimage.label(ink & ~rules, BESIDE)
        parts = measure(label, darker)
        has_specks |= (parts.contact == 0).any()
        label, parts = join(label, parts, darker, every)
        why = refusals(parts, max(label.shape), every) if len(parts) else np.array([])
        if not all(why):
            break
        alive &= ~ndimage.binary_dilation(ink, iterations=MARGIN)
    else:
        if ruled.any():
            raise PictureError(Refusal.LINES)
        blank = Refusal.DOT if has_specks else Refusal.BLANK
        raise PictureError(Refusal.BAR if Refusal.BAR in why else blank)
    is_digit = ~why.astype(bool)
    digits = [_extracted(darker, least, label, part, ruled) for part in parts[is_digit]]
    others = [(why[place], _box(parts[place])) for place in np.flatnonzero(why)]
    return digits, others, np.isin(label, parts.number[is_digit])


def _rules(label: Labels, parts: Components) -> Mask:
    """Return the lines within the boxes of frames, such as those of tables and forms."""
    found = np.zeros(label.shape, bool)
    for part in parts[parts.long > BOX]:
        inked = label[_box(part)] == part.number
        if is_framed(inked):
            found[_box(part)] |= lines(inked, BOXED)
    return found


def is_framed(inked: Mask) -> bool:
    """Tell whether ink runs along all four sides of its box and leaves most of the box empty."""
    if inked.mean() > FILLED:
        return False
    for part in (inked, inked.T):
        rim = max(1, int(RIM * len(part)))
        if min(part[:rim].any(axis=0).mean(), part[-rim:].any(axis=0).mean()) < ALONG:
            return False
    return True


def _box(part: Components) -> tuple[slice, slice]:
    return slice(int(part.top), int(part.bottom)), slice(int(part.left), int(part.right))


def _ink(darker: Levels, alive: Mask, least: float, share: float) -> Mask:
    """Return the pixels that are darker than a share of the darkest ink."""
    dark = darker[alive & (darker > least)]
    return alive & (darker > max(least, share * np.percentile(dark, 95) if dark.size else 0))


def _extracted(darker: Levels, least: float, label: Labels, digit: Components, ruled: Mask) -> Mark:
    """Return a digit's strokes, and the doubts about them."""
    box = _box(digit)
    window = tuple(slice(max(0, side.start - MARGIN), side.stop + MARGIN) for side in box)
    ink = label[window] == digit.number
    strength = float(np.percentile(darker[window][ink], BLACK))
    near = ndimage.binary_dilation(ink, BESIDE, iterations=2)
    near &= ink | (label[window] == 0)
    shares = np.where(near, (darker[window] / strength).clip(0, 1), 0)
    shares[shares < FAINT] = 0
    (bottom, right), (rows, columns) = label.shape, box
    gaps = np.array([rows.start, columns.start, bottom - rows.stop, right - columns.stop])
    is_cut_out = (gaps <= CLOSE * digit.long).sum() >= 3
    doubts = {
        "faint ink": strength < 2 * least,
        "filled, perhaps a dot": digit.is_dot,
        "touches the edge": gaps.min() == 0 and not is_cut_out,
        "lines near the ink": (near & ruled[window]).sum() > 0.3 * ink.sum(),
    }
    strokes = np.floor(shares * 255 + 0.5).astype(np.float64)
    corner = window[0].start, window[1].start
    return Mark(strokes, corner, tuple(doubt for doubt, holds in doubts.items() if holds))


def thickened(strokes: Floats) -> Floats:
    """Thicken thin strokes, 0 paper to 255 ink, to the usual thickness."""
    full = np.pad(strokes > 127, 1)
    rows, columns = ink_box(strokes)
    long = max(rows.stop - rows.start, columns.stop - columns.start)
    thickness = 4 * ndimage.distance_transform_edt(full)[full].mean() - 2
    if thickness >= THIN * long:
        return strokes
    more = (USUAL * long - thickness) / 2
    strokes = np.pad(strokes, int(more) + 2)
    away = ndimage.distance_transform_edt(strokes <= 127)
    thick: Floats = np.maximum(strokes, np.floor((more + 1 - away).clip(0, 1) * 255 + 0.5))
    return thick
