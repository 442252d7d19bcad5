"""Spoil images as cameras and pens do, little by little, to see what models still recognise.

Kinds and idea: N. Mu, J. Gilmer, "MNIST-C: a robustness benchmark for computer vision" (2019),
after D. Hendrycks, T. Dietterich, "Benchmarking neural network robustness to common corruptions
and perturbations", ICLR 2019. Every function takes and returns float32 (n, height, width), 0-1, 0
outside; a severity of 0 changes nothing. The last argument is what DRAWN draws at random for it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.data.interpolation import bilinear
from digits.files.arrays import remap

Images: TypeAlias = NDArray[np.float32]
Predict: TypeAlias = Callable[[Images], NDArray[np.float64]]
"""From images, float32 (n, pixels), to logits (n, classes)."""

CLEAN = "none"
CHUNK = 200
"""Images spoiled at a time: 0.6 MB of float32, which stay in the processor's cache."""


def shift(images: Images, pixels: float, directions: NDArray[np.int64]) -> Images:
    """Move each image by `pixels`, a whole number, up, down, left or right: directions 0 to 3."""
    by, (height, width) = int(pixels), images.shape[1:]
    padded = np.pad(images, ((0, 0), (by, by), (by, by)))
    moved = np.empty_like(images)
    for direction, (down, right) in enumerate(((-by, 0), (by, 0), (0, -by), (0, by))):
        chosen = directions == direction
        top, left = by - down, by - right
        moved[chosen] = padded[chosen, top : top + height, left : left + width]
    return moved


def rotation(images: Images, degrees: float, anticlockwise: NDArray[np.int64]) -> Images:
    """Turn each image about its centre, where told (1) anticlockwise, bilinearly interpolated."""
    turned = np.empty_like(images)
    for way, sign in ((1, 1), (0, -1)):
        chosen = anticlockwise == way
        turned[chosen] = _turn(images[chosen], sign * np.deg2rad(degrees))
    return turned


def _turn(images: Images, angle: float) -> Images:
    """Turn images by `angle`, anticlockwise: each pixel is fetched from where it comes from."""
    pixels, weights = _origins(images.shape[1:], angle)
    flat = images.reshape(len(images), -1)
    turned = np.zeros_like(flat)
    for places, weight in zip(pixels, weights, strict=True):
        part = flat.take(places, axis=1)
        part *= weight
        turned += part
    return turned.reshape(images.shape)


@cache
def _origins(size: tuple[int, int], angle: float) -> tuple[NDArray[np.int64], Images]:
    """Return the four pixels between which each one comes from, and shares: (4, pixels) each."""
    middle = (np.array(size)[:, None] - 1) / 2
    y, x = np.indices(size).reshape(2, -1) - middle
    from_y = np.cos(angle) * y + np.sin(angle) * x + middle[0]
    from_x = np.cos(angle) * x - np.sin(angle) * y + middle[1]
    pixels, weights = bilinear(from_y, from_x, size)
    return np.ascontiguousarray(pixels.T), np.ascontiguousarray(weights.T)


def noise(images: Images, deviation: float, normal: Images) -> Images:
    """Add Gaussian noise to each pixel, and clip to 0-1."""
    noisy = np.float32(deviation) * normal
    noisy += images
    return np.clip(noisy, 0, 1, out=noisy)


def blur(images: Images, sigma: float, drawn: None = None) -> Images:
    """Convolve with a Gaussian of `sigma` pixels, cut off at four of them.

    Moved copies are added up: not by BLAS, which rounds as it likes.
    """
    radius = int(4 * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / max(sigma, 1e-9)) ** 2)
    weights = (kernel / kernel.sum()).astype(np.float32)
    for _ in range(2):  # down each column; then, transposed, along each row
        length = images.shape[1]
        padded = np.pad(images, ((0, 0), (radius, radius), (0, 0)))
        images, part = np.zeros((2, *images.shape), np.float32)
        for start, weight in enumerate(weights):
            np.multiply(weight, padded[:, start : start + length], out=part)
            images += part
        images = images.transpose(0, 2, 1)
    return images


def contrast(images: Images, lost: float, drawn: None = None) -> Images:
    """Draw each image's pixels towards its mean: `lost` is the share of the contrast taken."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    paler: Images = mean + np.float32(1 - lost) * (images - mean)
    return paler


def inversion(images: Images, share: float, drawn: None = None) -> Images:
    """Fade into the negative: at a share of 1 ink and paper have changed places."""
    return images + np.float32(share) * (1 - 2 * images)


CORRUPTIONS: dict[str, Callable[[Images, float, Any], Images]] = {
    kind.__name__: kind for kind in (shift, rotation, noise, blur, contrast, inversion)
}
DRAWN: dict[str, Callable[[np.random.Generator, tuple[int, ...]], NDArray[Any]]] = {
    "shift": lambda random, shape: random.integers(0, 4, shape[0]),
    "rotation": lambda random, shape: random.integers(0, 2, shape[0]),
    # Normal but for its far tails: standard_normal would depend on the C library's logarithm.
    "noise": lambda random, shape: random.random((12, *shape), np.float32).sum(axis=0) - 6,
}
"""What is drawn for images of a shape, for all severities alike: a curve shows these alone."""


def measure(
    models: Mapping[str, Predict],
    images: Images,
    labels: NDArray[Any],
    size: tuple[int, int],
    severities: Mapping[str, Sequence[float]],
    seed: int,
) -> list[dict[str, Any]]:
    """Return a row for each case and model: corruption, severity, model, accuracy.

    images: float32 (n, pixels), 0-1, of `size`, (height, width). labels: (n,). Each corruption
    begins with the seed.
    """
    cases = [(kind, severity) for kind in CORRUPTIONS for severity in severities[kind]]
    right: Counter[tuple[str, float, str]] = Counter()
    randoms = {kind: np.random.default_rng(seed) for kind in DRAWN}
    for start in range(0, len(images), CHUNK):
        chunk = np.asarray(remap(images)[start : start + CHUNK]).reshape(-1, *size)
        drawn = {kind: draw(randoms[kind], chunk.shape) for kind, draw in DRAWN.items()}
        for kind, severity in [(CLEAN, 0.0), *cases]:
            spoiled = CORRUPTIONS[kind](chunk, severity, drawn.get(kind)) if severity else chunk
            for name, logits in models.items():
                predicted = logits(spoiled.reshape(len(chunk), -1)).argmax(axis=1)
                right[kind, severity, name] += int(np.sum(predicted == labels[start:][:CHUNK]))
    return [
        {
            "corruption": kind,
            "severity": severity,
            "model": name,
            "accuracy": right[kind if severity else CLEAN, severity, name] / len(labels),
        }
        for kind in CORRUPTIONS
        if severities[kind]
        for severity in (0, *severities[kind])
        for name in models
    ]


def mean_accuracy(rows: list[dict[str, Any]], kinds: Collection[str] = CORRUPTIONS) -> float | None:
    """Return the mean accuracy of one model over the corruptions of `kinds`, to 4 decimals.

    First the mean over the severities of each corruption is taken, without the clean images: so
    each corruption counts the same. rows: as `measure` returns them. None where there are none.
    """
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["severity"] and row["corruption"] in kinds:
            found.setdefault(row["corruption"], []).append(row["accuracy"])
    means = [np.mean(accuracies) for accuracies in found.values()]
    return round(float(np.mean(means)), 4) if means else None
