"""Augment the training images anew in each epoch, by a function that the model's file defines."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.data.blocks import Block, empty, prefetch

Augment: TypeAlias = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]
"""Takes the images of a block, (n, pixels), 0-1; returns as many of the same size."""


def augment_epochs(
    epochs: Iterable[Iterable[Block]], augment: Augment, seed: int, done: int = 0
) -> Iterator[Iterator[Block]]:
    """Augment the blocks of each epoch, the next block while the caller works on the last.

    Each epoch has a random generator of its own. done: how many epochs there were before these.
    """

    def augmented() -> Iterator[tuple[int, Block]]:
        for epoch, blocks in enumerate(epochs, done):
            random = np.random.default_rng([seed, 2, epoch])
            for block in blocks:
                images = empty(block.images.shape, block.images.dtype)
                images[:] = augment(block.images.copy(), random).reshape(images.shape)
                yield epoch, block._replace(images=images)

    groups = groupby(prefetch(augmented()), itemgetter(0))
    return ((block for _, block in group) for _, group in groups)
