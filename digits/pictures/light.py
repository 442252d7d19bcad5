"""Flatten the light of a photograph: how much darker than the paper around it each pixel is.

The paper is what is left when all that is narrower than a pen's stroke could be has been filled
(a morphological closing, which keeps the edges of shadows and tables as they are), and darkness is
a share of the paper's own level, for a shadow dims ink as it dims paper.

These and the other steps are those of scipy.ndimage: 0.3 s to import, plain C, built for any x86-64
processor. OpenCV's wheel is about as large, and chooses its code by the processor that it finds:
a folder of pictures is a data set, whose bytes must not depend on that. scikit-image needs scipy.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

WIDEST = 0.2
"""Widest stroke, as a share of the picture's longer side: the widest of MNIST's in its own box."""
DEEPEST = 0.4
"""Share of the lightest paper's level that the darkest shadow leaves. Less is a table."""
COLOUR = 1.15
"""Times the contrast in grey from which a colour's is preferred: it has more noise."""
COARSE = 100
"""Pixels of a side that are enough to choose a colour, and 40 to tell chalk from ink."""
CHALK = 3.0
"""Times that light strokes must outweigh dark ones: by the papers of the tests, at most 2 where the
pen is dark, at least 15,000 on a board."""

Levels = NDArray[np.float32]


def darkness(levels: Levels, chalk: bool) -> tuple[Levels, float]:
    """Return how much darker than its paper each pixel is, or lighter if it is chalk; the noise.

    levels: (height, width), 0-255. What returns is about 0 on paper, 255 at most; the noise is its
    standard deviation there, at least 1.
    """
    levels = 255 - levels if chalk else levels
    reach = _reach(levels)
    paper = ndimage.uniform_filter(levels, 3, mode="nearest")  # else noise lifts it
    paper = ndimage.maximum_filter(paper, reach, mode="nearest")
    paper = ndimage.minimum_filter(paper, reach, mode="nearest")
    darker: Levels = paper - levels
    if not chalk:
        darker *= 255 / np.maximum(paper, max(1.0, DEEPEST * np.percentile(paper[::2, ::2], 99)))
    darker -= np.median(darker[::2, ::2])
    rough = np.abs(darker - ndimage.uniform_filter(darker, 3, mode="nearest"))[::2, ::2]
    # 1.4826 makes a standard deviation of a median, and the mean of 9 has taken 1 / 9 of it
    return darker, max(1.0, 1.4826 * (9 / 8) ** 0.5 * float(np.median(rough)))


def _reach(levels: Levels) -> int:
    return max(3, int(max(levels.shape) * WIDEST) | 1)


def _coarse(levels: Levels, side: int) -> Levels:
    """Reduce to about `side` pixels, by averaging."""
    step = max(1, max(levels.shape) // side)
    height, width = (max(1, size // step) for size in levels.shape)
    blocks = levels[: height * step, : width * step]
    if blocks.size < height * width * step * step:  # narrower than a block
        return levels[::step, ::step]
    mean: Levels = blocks.reshape(height, step, width, step).mean(axis=(1, 3))
    return mean


def most_telling(grey: Levels, colours: NDArray[np.uint8] | None) -> Levels:
    """Choose grey, or the colour in which strokes stand out clearly more.

    grey: (height, width), 0-255; colours: the same with red, green and blue, if it has any.
    """
    best, most = grey, COLOUR * _contrast(grey)
    for channel in range(3 if colours is not None else 0):
        levels = np.asarray(colours)[..., channel].astype(np.float32)
        if (contrast := _contrast(levels)) > most:
            best, most = levels, contrast
    return best


def _contrast(levels: Levels) -> float:
    coarse = _coarse(levels, COARSE)
    reach = (_reach(coarse),) * 2
    return float((ndimage.grey_closing(coarse, reach) - coarse).max())


def is_light_on_dark(levels: Levels) -> bool:
    """Tell chalk from ink: strokes are what is narrow and differs from the usual level around."""
    coarse = _coarse(levels, COARSE * 2 // 5)
    reach = _reach(coarse)
    usual = ndimage.median_filter(coarse, 2 * reach + 1, mode="nearest")
    dark: Any = ndimage.grey_closing(coarse, (reach, reach)) - coarse
    light: Any = coarse - ndimage.grey_opening(coarse, (reach, reach))
    dark = np.minimum(dark, np.maximum(usual - coarse, 0))
    light = np.minimum(light, np.maximum(coarse - usual, 0))
    return bool((light**2).sum() > CHALK * (dark**2).sum())
