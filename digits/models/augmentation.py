"""Change training images at random, as hands, pens and cameras do.

P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks applied to
visual document analysis", ICDAR 2003, section 2: the cheapest way to more data.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from digits.data.interpolation import bilinear
from digits.models.augmented import Params

GROUP = 64
"""Images that are changed alike: one by one takes many times as long. They are neighbours in the
file, so that they come in different batches when the examples are shuffled."""
NOISE = 2**20
"""Values of noise drawn for a block of images; a group takes some of them, from any place on."""

Floats: TypeAlias = NDArray[np.float64]
Images: TypeAlias = NDArray[np.float32]


def augment(
    images: Images, random: np.random.Generator, size: tuple[int, int], most: Params
) -> Images:
    """Change images, float32 (n, pixels), 0-1, of `size`, (height, width), in place; return them.

    Each change is between none and `most`, either way, and more often small than large.
    """
    count = -(-len(images) // GROUP)
    ways = random.random((2, 10, count)).sum(axis=0) - 1  # -1 to 1, most often about 0
    # Nearly normal, of deviation 1: standard_normal would depend on the C library's logarithm.
    normal = 2 * random.random((3, NOISE + GROUP * images.shape[1]), np.float32).sum(axis=0) - 3
    begins = random.integers(NOISE, size=count)
    thickness, gain, lost, deviation = settled(
        most.thickness * ways[0],
        most.gain ** ways[1],
        most.contrast * ways[2],
        most.noise * ways[3],
    ).astype(np.float32)
    origins, weights = bilinear(*moved(ways[4:], size, most), size)
    weights *= gain[:, None, None]
    ends = np.arange(0, weights[0].size + 1, 4)
    shape = 2 * images.shape[1:]
    for i in range(count):
        rows = slice(i * GROUP, (i + 1) * GROUP)
        pixels = np.ascontiguousarray(images[rows].T)  # a pixel's values in the images in a row
        thicken(pixels.reshape(*size, -1), thickness[i])
        pixels = csr_array((weights[i].ravel(), origins[i].ravel(), ends), shape) @ pixels
        np.minimum(pixels, 1, out=pixels)
        if lost[i] > 0:
            pixels += lost[i] * (pixels.mean(axis=0) - pixels)
        if deviation[i] > 0:
            pixels += deviation[i] * normal[begins[i] :][: pixels.size].reshape(pixels.shape)
            pixels.clip(0, 1, out=pixels)
        images[rows] = pixels.T
    return images


def settled(*values: Floats) -> Floats:
    """Round: the last bit of a power or a sine differs between processors and C libraries."""
    return np.stack(values).round(6)


def thicken(images: Images, by: float) -> None:
    """Let strokes gain so many pixels, or lose them, in place: (height, width, n)."""
    extreme = np.maximum if by > 0 else np.minimum
    pairs = extreme(images[:-1], images[1:])
    images[:-1, :-1] += abs(by) * (extreme(pairs[:, :-1], pairs[:, 1:]) - images[:-1, :-1])


def moved(ways: Floats, size: tuple[int, int], most: Params) -> tuple[Floats, Floats]:
    """Return from where, y and x, the pixels of each group's images come: (groups, pixels) each.

    ways: (6, groups), -1 to 1: how far they are turned, sheared, scaled, stretched and shifted.
    """
    angle, shear = np.deg2rad(most.rotation * ways[0]), most.shear * ways[1]
    tall = most.scale ** ways[2]
    wide = tall * most.aspect ** ways[3]
    sin, cos = np.sin(angle), np.cos(angle)
    matrix = (cos + sin * shear) * tall, sin * wide, (cos * shear - sin) * tall, cos * wide
    a, b, c, d, down, right = settled(*matrix, *(most.shift * ways[4:]))[..., None]
    middle = (np.array(size)[:, None] - 1) / 2
    y, x = np.indices(size).reshape(2, -1) - middle
    y, x = y - down, x - right
    return a * y + b * x + middle[0], c * y + d * x + middle[1]
