"""Spoil images as cameras and pens do, little by little, to see what models still recognise.

Kinds and idea: N. Mu, J. Gilmer, "MNIST-C: a robustness benchmark for computer vision" (2019),
after D. Hendrycks, T. Dietterich, "Benchmarking neural network robustness to common corruptions
and perturbations", ICLR 2019. Every function takes and returns float32 (n, side, side), 0-1, paper
outside; a severity of 0 changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from math import isqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digits.files.arrays import fresh

Images: TypeAlias = NDArray[np.float32]
Predict: TypeAlias = Callable[[Images], NDArray[np.float64]]
"""From images, float32 (n, pixels), to logits (n, classes)."""

CHUNK = 1000
"""Images spoiled at a time: 3 MB of float32, which stay in the processor's cache."""


def shift(images: Images, pixels: float, random: np.random.Generator) -> Images:
    """Move each image by `pixels`, a whole number, up, down, left or right."""
    by, side = int(pixels), images.shape[1]
    padded = np.pad(images, ((0, 0), (by, by), (by, by)))
    moved = np.empty_like(images)
    directions = random.integers(0, 4, len(images))
    for direction, (down, right) in enumerate(((-by, 0), (by, 0), (0, -by), (0, by))):
        chosen = directions == direction
        top, left = by - down, by - right
        moved[chosen] = padded[chosen, top : top + side, left : left + side]
    return moved


def rotation(images: Images, degrees: float, random: np.random.Generator) -> Images:
    """Turn each image about its centre, one way or the other, with bilinear interpolation."""
    turned = np.empty_like(images)
    anticlockwise = random.integers(0, 2, len(images)) == 1
    for chosen, sign in ((anticlockwise, 1), (~anticlockwise, -1)):
        turned[chosen] = _turn(images[chosen], sign * np.deg2rad(degrees))
    return turned


def _turn(images: Images, angle: float) -> Images:
    """Turn images by `angle`, anticlockwise: each pixel is fetched from where it comes from."""
    side = images.shape[1]
    y, x = np.indices((side, side)) - (side - 1) / 2
    from_y = np.cos(angle) * y + np.sin(angle) * x + (side - 1) / 2
    from_x = np.cos(angle) * x - np.sin(angle) * y + (side - 1) / 2
    top, left = np.floor(from_y).astype(int), np.floor(from_x).astype(int)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    turned = np.zeros_like(images)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = top + down, left + right
        weight = (1 - abs(from_y - row)) * (1 - abs(from_x - column))
        row, column = (np.clip(place, -1, side) + 1 for place in (row, column))
        turned += padded[:, row, column] * weight.astype(np.float32)
    return turned


def noise(images: Images, deviation: float, random: np.random.Generator) -> Images:
    """Add Gaussian noise to each pixel, and clip to 0-1."""
    added = random.standard_normal(images.shape, np.float32)
    return np.clip(images + np.float32(deviation) * added, 0, 1)


def blur(images: Images, sigma: float, random: np.random.Generator) -> Images:
    """Convolve with a Gaussian of `sigma` pixels, cut off at four of them.

    Moved copies are added up: not by BLAS, which rounds as it likes.
    """
    radius, side = int(4 * sigma + 0.5), images.shape[1]
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / max(sigma, 1e-9)) ** 2)
    weights = (kernel / kernel.sum()).astype(np.float32)
    for _ in range(2):  # down each column; then, transposed, along each row
        padded = np.pad(images, ((0, 0), (radius, radius), (0, 0)))
        images = np.zeros_like(padded[:, :side])
        for start, weight in enumerate(weights):
            images += weight * padded[:, start : start + side]
        images = images.transpose(0, 2, 1)
    return images


def contrast(images: Images, lost: float, random: np.random.Generator) -> Images:
    """Draw each image's pixels towards its mean: `lost` is the share of the contrast taken."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    paler: Images = mean + np.float32(1 - lost) * (images - mean)
    return paler


def inversion(images: Images, share: float, random: np.random.Generator) -> Images:
    """Fade into the negative: at a share of 1 ink and paper have changed places."""
    return images + np.float32(share) * (1 - 2 * images)


CORRUPTIONS = {kind.__name__: kind for kind in (shift, rotation, noise, blur, contrast, inversion)}


def measure(
    models: Mapping[str, Predict],
    images: Images,
    labels: NDArray[np.uint8],
    severities: Mapping[str, Sequence[float]],
    seed: int,
) -> list[dict[str, Any]]:
    """Return a row for each case and model: corruption, severity, model, accuracy.

    images: float32 (n, pixels), 0-1, square. labels: (n,). Every case begins with the same seed:
    the same directions and the same noise, only more of it, so that a curve shows the severity
    alone.
    """
    rows = []
    side = isqrt(images.shape[1])
    cases = [(kind, severity) for kind in CORRUPTIONS for severity in (0, *severities[kind])]
    for corruption, severity in cases:
        right = dict.fromkeys(models, 0)
        random = np.random.default_rng(seed)
        for start in range(0, len(images), CHUNK):
            chunk = np.asarray(fresh(images)[start : start + CHUNK]).reshape(-1, side, side)
            spoiled = CORRUPTIONS[corruption](chunk, severity, random).reshape(len(chunk), -1)
            for name, logits in models.items():
                predicted = logits(spoiled).argmax(axis=1)
                right[name] += int(np.sum(predicted == labels[start : start + CHUNK]))
        for name, count in right.items():
            case = {"corruption": corruption, "severity": severity}
            rows.append(case | {"model": name, "accuracy": count / len(labels)})
    return rows


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
