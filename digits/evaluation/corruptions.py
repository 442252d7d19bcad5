"""Corrupt images as cameras and pens do, step by step, to measure how far accuracy falls.

Corruptions: N. Mu, J. Gilmer, "MNIST-C: a robustness benchmark for computer vision" (2019),
after D. Hendrycks, T. Dietterich, "Benchmarking neural network robustness to common corruptions
and perturbations", ICLR 2019. Every function takes and returns float32 (n, height, width), or
(n, height, width, 3), 0-1, 0 outside; a severity of 0 changes nothing. The last argument holds the
random numbers of DRAWN. scipy is imported where it is used: the command line reads only results.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Images: TypeAlias = NDArray[np.float32]
Predict: TypeAlias = Callable[[Images], NDArray[np.float64]]
"""From images, float32 (n, pixels), to logits (n, classes)."""
CHUNK = 200  # images corrupted at a time: 0.6 MB of float32, which stay in a processor's cache


def shift(images: Images, pixels: float, directions: NDArray[np.int64]) -> Images:
    """Move each image by `pixels`, a whole number, up, down, left or right: directions 0 to 3."""
    by, (height, width) = int(pixels), images.shape[1:3]
    padded = np.pad(images, ((0, 0), (by, by), (by, by), (0, 0))[: images.ndim])
    moved = np.empty_like(images)
    for direction, (top, left) in enumerate(((2 * by, by), (0, by), (by, 2 * by), (by, 0))):
        chosen = directions == direction
        moved[chosen] = padded[chosen, top : top + height, left : left + width]
    return moved


def rotation(images: Images, degrees: float, anticlockwise: NDArray[np.int64]) -> Images:
    """Turn each image about its centre, bilinearly; anticlockwise: (n,), 1 or 0."""
    from scipy.ndimage import rotate

    turned, how = np.empty_like(images), {"reshape": False, "order": 1, "mode": "grid-constant"}
    for way, angle in ((1, degrees), (0, -degrees)):
        if (chosen := anticlockwise == way).any():  # scipy turns no empty array
            turned[chosen] = rotate(images[chosen], angle, (1, 2), **how)
    return turned


def noise(images: Images, deviation: float, normal: Images) -> Images:
    """Add Gaussian noise to each pixel, and clip to 0-1."""
    return np.asarray(np.clip(np.float32(deviation) * normal + images, 0, 1))


def blur(images: Images, sigma: float, drawn: None = None) -> Images:
    """Convolve with a Gaussian of `sigma` pixels, cut off at four of them."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(images, (0, sigma, sigma, 0)[: images.ndim], mode="constant"))


def contrast(images: Images, lost: float, drawn: None = None) -> Images:
    """Move each image's pixels towards its mean; lost: the share of the contrast that goes."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return np.asarray(mean + np.float32(1 - lost) * (images - mean))


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
"""Random numbers for images of a shape; all severities of a corruption share them."""


def measure(
    models: Mapping[str, Predict],
    images: Images,
    labels: NDArray[Any],
    size: tuple[int, ...],
    severities: Mapping[str, Any],
) -> "pd.DataFrame":
    """Return a row for each case and model: corruption, severity, model, accuracy.

    images: float32 (n, pixels), 0-1. labels: (n,). size: of an image. severities: a list for each
    corruption, and the seed, with which each has a random generator of its own.
    """
    import pandas as pd  # takes 0.3 s to import

    cases = [(kind, severity) for kind in CORRUPTIONS for severity in severities[kind]]
    right: Counter[tuple[str, float, str]] = Counter()
    randoms = {kind: np.random.default_rng(severities["seed"]) for kind in DRAWN}
    for start in range(0, len(images), CHUNK):
        chunk = np.asarray(images[start : start + CHUNK]).reshape(-1, *size)
        drawn = {kind: draw(randoms[kind], chunk.shape) for kind, draw in DRAWN.items()}
        for kind, severity in [("", 0.0), *cases]:
            corrupted = CORRUPTIONS[kind](chunk, severity, drawn.get(kind)) if severity else chunk
            for name, logits in models.items():
                predicted = logits(corrupted.reshape(len(chunk), -1)).argmax(axis=1)
                right[kind, severity, name] += int(np.sum(predicted == labels[start:][:CHUNK]))
    rows = [
        (kind, severity, name, right[kind * bool(severity), severity, name] / len(labels))
        for kind in CORRUPTIONS
        if severities[kind]
        for severity in (0, *severities[kind])
        for name in models
    ]
    return pd.DataFrame(rows, columns=["corruption", "severity", "model", "accuracy"])


def mean_accuracy(
    table: "pd.DataFrame", model: str, kinds: Iterable[str] = CORRUPTIONS
) -> float | None:
    """Return a model's mean accuracy over the corruptions `kinds`, to 4 decimals; None for none.

    Each corruption counts the same: its own mean, without the clean images, is taken first.
    table: as `measure` returns it.
    """
    rows = table[(table["model"] == model) & (table["severity"] > 0)]
    means = rows[rows["corruption"].isin([*kinds])].groupby("corruption")["accuracy"].mean()
    return round(float(means.mean()), 4) if len(means) else None
