"""Flatten the light of a photograph: measure how much darker than its paper each pixel is.

A morphological closing, wider than a stroke, estimates the paper; it keeps the edges of shadows and
tables. Darkness is a share of the paper's own level, since a shadow dims ink as it dims paper.

scipy.ndimage runs the same code on any x86-64 processor; OpenCV chooses code by the processor. A
folder of pictures is a data set, whose bytes must not depend on the processor.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

WIDEST = 0.2  # width of a stroke, as a share of the picture's longer side, at most
COARSE = 40  # pixels of the longer side to which a picture is reduced to detect chalk
CHALK = 3.0
"""Light strokes, relative to dark ones, from which a picture is chalk on a board. On the papers of
the tests the ratio is at most 2 for dark pens, at least 15,000 for chalk."""

Levels = NDArray[np.float32]


def darkness(levels: Levels, chalk: bool) -> tuple[Levels, float]:
    """Return how much darker than its paper each pixel is (lighter, for chalk), and the noise.

    levels: (height, width), 0-255. Darkness is about 0 on paper and 255 at most; the noise is its
    standard deviation on paper, at least 1.
    """
    levels = 255 - levels if chalk else levels
    reach = _reach(levels)
    paper = ndimage.uniform_filter(levels, 3, mode="nearest")  # noise raises maxima
    paper = ndimage.maximum_filter(paper, reach, mode="nearest")
    paper = ndimage.minimum_filter(paper, reach, mode="nearest")
    darker: Levels = paper - levels
    if not chalk:
        darker *= 255 / np.maximum(paper, 1)
    darker -= np.median(darker[::2, ::2])
    rough = np.abs(darker - ndimage.uniform_filter(darker, 3, mode="nearest"))[::2, ::2]
    # 1.4826: from median to standard deviation; 9 / 8: the mean of 9 removed 1 / 9 of the variance
    return darker, max(1.0, 1.4826 * (9 / 8) ** 0.5 * float(np.median(rough)))


def _reach(levels: Levels) -> int:
    return max(3, int(max(levels.shape) * WIDEST) | 1)


def is_light_on_dark(levels: Levels) -> bool:
    """Tell whether narrow light parts outweigh narrow dark ones: chalk, not ink."""
    factor = max(1, max(levels.shape) // COARSE)
    coarse = np.asarray(Image.fromarray(levels).reduce(factor))
    reach = _reach(coarse)
    usual = ndimage.median_filter(coarse, 2 * reach + 1, mode="nearest")
    dark = np.minimum(ndimage.grey_closing(coarse, (reach, reach)), usual) - coarse
    light = coarse - np.maximum(ndimage.grey_opening(coarse, (reach, reach)), usual)
    weights = [float((np.maximum(each, 0) ** 2).sum()) for each in (light, dark)]
    return weights[0] > CHALK * weights[1]
