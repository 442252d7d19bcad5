"""Scale a picture to the size that a data set's images have."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def scaled(grey: NDArray[np.float32], height: int, width: int) -> NDArray[np.uint8]:
    """Scale grey levels, (any, any), 0-255, to uint8 (height, width); the aspect is kept.

    What the picture does not cover gets its background's colour: the median along its edges.
    """
    picture = Image.fromarray(np.rint(grey).astype(np.uint8))
    share = min(height / picture.height, width / picture.width)
    sizes = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    page = Image.new("L", (width, height), int(np.median(edges)))
    page.paste(
        picture.resize(sizes, Image.Resampling.LANCZOS),
        ((width - sizes[0]) // 2, (height - sizes[1]) // 2),
    )
    return np.asarray(page)
