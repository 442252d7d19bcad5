"""Train on images that are changed anew in each epoch: parameters, optimizer, changes.

The changes imitate hands, pens and cameras: P. Simard, D. Steinkraus, J. Platt, "Best practices
for convolutional neural networks applied to visual document analysis", ICDAR 2003, section 2.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from digits.params import Section
from digits.params.train import TrainParams

GROUP = 64
"""Images that are changed alike: one by one takes many times as long. They are neighbours in the
file, so shuffling puts them into different batches."""
NOISE = 2**20
"""Values of noise drawn for a block of images; a group takes some of them, from any place on."""
Floats: TypeAlias = NDArray[np.float64]
Images: TypeAlias = NDArray[np.float32]


class Changes(Section):
    """The limits of the changes that `augment` makes; the section of a model adds its layers.

    A change that is also a corruption of stage robustness has the same name there.
    """

    rotation: float = Field(ge=0, le=180, description="degrees, either way")
    shift: float = Field(ge=0, le=256, description="pixels, up or down and to a side")
    scale: float = Field(ge=1, le=4, description="factor by which it is larger or smaller")
    aspect: float = Field(ge=1, le=4, description="factor by which it is wider or narrower")
    shear: float = Field(ge=0, le=2, description="pixels that each row moves beside the last")
    thickness: float = Field(ge=0, le=1, description="pixels that a stroke gains or loses")
    gain: float = Field(ge=1, le=10, description="factor by which ink is blacker or paler")
    contrast: float = Field(ge=0, le=1, description="share of the contrast lost")
    noise: float = Field(ge=0, le=1, description="standard deviation; ink is 1")
    mirror: bool = Field(description="whether half of the groups of 64 images are mirrored")


def optimizer(params: TrainParams, steps: int) -> Any:
    """Make Adam; its learning rate falls to 0 by a cosine over all epochs of `steps` steps."""
    from digits.backend import keras

    rate = keras.optimizers.schedules.CosineDecay(params.learning_rate, steps * params.epochs)
    return keras.optimizers.Adam(rate, name="adam")


def augment(
    images: Images, random: np.random.Generator, size: tuple[int, ...], params: Changes
) -> Images:
    """Change images, float32 (n, pixels), 0-1, in place; return them.

    size: (height, width), or (height, width, 3) in colour: the three are changed alike.

    Each change is between none and the limit in `params`, either way; small ones are more frequent.
    """
    from scipy.sparse import csr_array  # slow to import, and only training needs it

    count, plane = -(-len(images) // GROUP), (size[0], size[1])
    amounts = random.random((2, 10, count)).sum(axis=0) - 1  # -1 to 1, most often about 0
    # Nearly normal, of deviation 1: standard_normal would depend on the C library's logarithm.
    normal = 2 * random.random((3, NOISE + GROUP * images.shape[1]), np.float32).sum(axis=0) - 3
    begins = random.integers(NOISE, size=count)
    thickness, gain, lost, deviation = rounded(
        params.thickness * amounts[0],
        params.gain ** amounts[1],
        params.contrast * amounts[2],
        params.noise * amounts[3],
    ).astype(np.float32)
    y, x = source_places(amounts[4:], plane, params)
    if params.mirror:
        x = np.where(random.random((count, 1)) < 0.5, plane[1] - 1 - x, x)
    places, weights = bilinear(y, x, plane)
    weights *= gain[:, None, None]
    ends = np.arange(0, weights[0].size + 1, 4)
    for i in range(count):
        rows = slice(i * GROUP, (i + 1) * GROUP)
        pixels = np.ascontiguousarray(images[rows].T)  # a pixel's values in the images in a row
        pixels = pixels.reshape(plane[0] * plane[1], -1)
        thicken(pixels.reshape(*plane, -1), thickness[i])
        matrix = weights[i].ravel(), places[i].ravel(), ends
        pixels = csr_array(matrix, 2 * pixels.shape[:1]) @ pixels
        np.minimum(pixels, 1, out=pixels)
        if lost[i] > 0:
            pixels += lost[i] * (pixels.mean(axis=0) - pixels)
        if deviation[i] > 0:
            pixels += deviation[i] * normal[begins[i] :][: pixels.size].reshape(pixels.shape)
            pixels.clip(0, 1, out=pixels)
        images[rows] = pixels.reshape(images.shape[1], -1).T
    return images


def rounded(*values: Floats) -> Floats:
    """Round: the last bit of a power or a sine differs between processors and C libraries."""
    return np.stack(values).round(6)


def thicken(images: Images, by: float) -> None:
    """Make strokes thicker by so many pixels, or thinner, in place: (height, width, n)."""
    extreme = np.maximum if by > 0 else np.minimum
    pairs = extreme(images[:-1], images[1:])
    images[:-1, :-1] += abs(by) * (extreme(pairs[:, :-1], pairs[:, 1:]) - images[:-1, :-1])


def source_places(amounts: Floats, size: tuple[int, int], params: Changes) -> tuple[Floats, Floats]:
    """Return the places, y and x, from which each group's pixels are taken: (groups, pixels) each.

    amounts: (6, groups), -1 to 1: of rotation, shear, scale, aspect, and shift down and right.
    """
    angle, shear = np.deg2rad(params.rotation * amounts[0]), params.shear * amounts[1]
    tall = params.scale ** amounts[2]
    wide = tall * params.aspect ** amounts[3]
    sin, cos = np.sin(angle), np.cos(angle)
    matrix = (cos + sin * shear) * tall, sin * wide, (cos * shear - sin) * tall, cos * wide
    a, b, c, d, down, right = rounded(*matrix, *(params.shift * amounts[4:]))[..., None]
    middle = (np.array(size)[:, None] - 1) / 2
    y, x = np.indices(size).reshape(2, -1) - middle
    y, x = y - down, x - right
    return a * y + b * x + middle[0], c * y + d * x + middle[1]


def bilinear(y: Floats, x: Floats, size: tuple[int, int]) -> tuple[NDArray[np.int64], Images]:
    """Return the four pixels around each place (y, x), in pixels, and their weights.

    (0, 0) is the centre of the first pixel. Returns two arrays with the four as a further, last
    axis: the index of a pixel in the flattened image, and its weight, 0 outside of the image.
    """
    (height, width), weights, pixels = size, [], []
    top, left = np.floor(y), np.floor(x)
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        weights.append(inside * (1 - abs(y - row)) * (1 - abs(x - column)))
        pixels.append(row.clip(0, height - 1) * width + column.clip(0, width - 1))
    return np.stack(pixels, -1).astype(np.int64), np.stack(weights, -1).astype(np.float32)
