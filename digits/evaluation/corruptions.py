"""Spoil images as cameras and pens do, little by little, to see what models still recognise.

Kinds and idea: N. Mu, J. Gilmer, "MNIST-C: a robustness benchmark for computer vision" (2019),
after D. Hendrycks, T. Dietterich, "Benchmarking neural network robustness to common corruptions
and perturbations", ICLR 2019. Every function takes and returns float32 (n, side, side), 0-1, paper
outside; a severity of 0 changes nothing. The last argument is what DRAWN draws at random for it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import isqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.files.arrays import fresh

Images: TypeAlias = NDArray[np.float32]
Predict: TypeAlias = Callable[[Images], NDArray[np.float64]]
"""From images, float32 (n, pixels), to logits (n, classes)."""

CLEAN = "none"
CHUNK = 200
"""Images spoiled at a time: 0.6 MB of float32, which stay in the processor's cache."""


def shift(images: Images, pixels: float, directions: NDArray[np.int64]) -> Images:
    """Move each image by `pixels`, a whole number, up, down, left or right: directions 0 to 3."""
    by, side = int(pixels), images.shape[1]
    padded = np.pad(images, ((0, 0), (by, by), (by, by)))
    moved = np.empty_like(images)
    for direction, (down, right) in enumerate(((-by, 0), (by, 0), (0, -by), (0, by))):
        chosen = directions == direction
        top, left = by - down, by - right
        moved[chosen] = padded[chosen, top : top + side, left : left + side]
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
    side = images.shape[1]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))).reshape(len(images), -1)
    turned = np.zeros((len(images), side * side), np.float32)
    for places, weight in _origins(side, angle):
        part = padded.take(places, axis=1)
        part *= weight
        turned += part
    return turned.reshape(images.shape)


@cache
def _origins(side: int, angle: float) -> list[tuple[NDArray[np.int64], Images]]:
    """Return the four pixels between which each one comes from, in the padded image, and shares."""
    y, x = np.indices((side, side)) - (side - 1) / 2
    from_y = np.cos(angle) * y + np.sin(angle) * x + (side - 1) / 2
    from_x = np.cos(angle) * x - np.sin(angle) * y + (side - 1) / 2
    top, left = np.floor(from_y).astype(int), np.floor(from_x).astype(int)
    origins = []
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = top + down, left + right
        weight = (1 - abs(from_y - row)) * (1 - abs(from_x - column))
        row, column = (np.clip(place, -1, side) + 1 for place in (row, column))
        origins.append(((row * (side + 2) + column).ravel(), weight.astype(np.float32).ravel()))
    return origins


def noise(images: Images, deviation: float, normal: Images) -> Images:
    """Add Gaussian noise to each pixel, and clip to 0-1."""
    noisy = np.float32(deviation) * normal
    noisy += images
    return np.clip(noisy, 0, 1, out=noisy)


def blur(images: Images, sigma: float, drawn: None = None) -> Images:
    """Convolve with a Gaussian of `sigma` pixels, cut off at four of them.

    Moved copies are added up: not by BLAS, which rounds as it likes.
    """
    radius, side = int(4 * sigma + 0.5), images.shape[1]
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / max(sigma, 1e-9)) ** 2)
    weights = (kernel / kernel.sum()).astype(np.float32)
    for _ in range(2):  # down each column; then, transposed, along each row
        padded = np.pad(images, ((0, 0), (radius, radius), (0, 0)))
        images, part = np.zeros((2, len(padded), side, side), np.float32)
        for start, weight in enumerate(weights):
            np.multiply(weight, padded[:, start : start + side], out=part)
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
    "noise": lambda random, shape: random.standard_normal(shape, np.float32),
}
"""What is drawn for images of a shape, for all severities alike: a curve shows these alone."""


def measure(
    models: Mapping[str, Predict],
    images: Images,
    labels: NDArray[np.uint8],
    severities: Mapping[str, Sequence[float]],
    seed: int,
) -> list[dict[str, Any]]:
    """Return a row for each case and model: corruption, severity, model, accuracy.

    images: float32 (n, pixels), 0-1, square. labels: (n,). Each corruption begins with the seed.
    """
    side = isqrt(images.shape[1])
    cases = [(kind, severity) for kind in CORRUPTIONS for severity in severities[kind]]
    right: Counter[tuple[str, float, str]] = Counter()
    randoms = {kind: np.random.default_rng(seed) for kind in DRAWN}
    for start in range(0, len(images), CHUNK):
        chunk = np.asarray(fresh(images)[start : start + CHUNK]).reshape(-1, side, side)
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
        for severity in (0, *severities[kind])
        for name in models
    ]


def summary(rows: list[dict[str, Any]], models: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return each model's mean accuracy over the corruptions, the clean images left out.

    First over the severities of a corruption: each counts the same, however many it has.
    """
    means = {}
    for name in models:
        spoiled = [row for row in rows if row["model"] == name and row["severity"]]
        by_corruption = [
            np.mean([row["accuracy"] for row in spoiled if row["corruption"] == corruption])
            for corruption in CORRUPTIONS
        ]
        means[name] = {"mean_accuracy": round(float(np.mean(by_corruption)), 4)}
    return means
