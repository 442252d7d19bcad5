"""Draw samples of the dataset."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digits.figures import picture_axes, png, style


def samples(images: NDArray[np.uint8], labels: NDArray[np.uint8], each: int = 10) -> bytes:
    """Draw the first `each` images of every class, a row a class.

    images: uint8 (n, 28, 28). labels: (n,).
    """
    classes = np.unique(labels)
    side = images.shape[1]
    grid = np.zeros((len(classes) * side, each * side), np.uint8)
    for row, digit in enumerate(classes):
        for column, index in enumerate(np.flatnonzero(labels == digit)[:each]):
            grid[row * side : (row + 1) * side, column * side : (column + 1) * side] = images[index]
    with style():
        figure = Figure(figsize=(each * 0.62, len(classes) * 0.62 + 0.6), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(grid, cmap="gray_r", interpolation="nearest")
        picture_axes(axes)
        axes.set_yticks(np.arange(len(classes)) * side + side / 2, [str(d) for d in classes])
        axes.tick_params(length=0)
        axes.set_ylabel("label")
        axes.set_title(f"The first {each} training images of each digit")
        return png(figure)
