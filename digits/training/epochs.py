"""Augment the training images anew in each epoch, by a function that the model's file defines."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.data.blocks import Block, empty

Augment: TypeAlias = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]
"""Takes the images of a block, (n, pixels), 0-1; returns as many of the same size."""


def augmented(blocks: Iterable[Block], augment: Augment, seed: int) -> Iterator[Block]:
    """Augment blocks. Each epoch has a random generator of its own."""
    for epoch, of_one in groupby(blocks, attrgetter("epoch")):
        random = np.random.default_rng([seed, 2, epoch])
        for block in of_one:
            images = empty(block.images.shape, block.images.dtype)
            images[:] = augment(block.images.copy(), random).reshape(images.shape)
            yield block._replace(images=images)
