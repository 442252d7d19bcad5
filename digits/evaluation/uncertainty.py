"""Find uncertain answers: to images that show no class, or two; uncertainty.js does the same.

Each class has a reference distribution: the mean of its training images and their principal
components. The out-of-distribution score of an image is its squared distance from what these span,
less a share of the logits' logsumexp, which is low where no class is recognised. The ambiguity is
-ln(softmax). An answer is uncertain where the sum of the two exceeds the model's threshold.

Measured with 504 drawings of houses, stars, letters and the like and the model `augmented`, with a
threshold that 3 % of the right answers to MNIST's test images exceed: the softmax alone finds 37 %
of the drawings, the logsumexp 49 %, the distance 73 %, distance and softmax 76 %, all three 82 %.
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Dataset
from digits.evaluation.corruptions import Predict
from digits.files.atomic import read_json, reading

FILE = "report/reference.json"
REASONS = {
    "unknown": "unlike any {answer} in the training set",
    "ambiguous": "may also be {other}",
}
"""Why an answer is uncertain, for the page too."""
SIDE, COMPONENTS, LEVELS = 14, 30, 256
"""Pixels of the longer side of reduced images (28 are no better), and components of a class.

They are stored as int8 in steps of 1 / LEVELS; means, which reach 1, in twice those."""
AMBIGUITY, LOGSUMEXP = 3.0, 0.2  # weights beside the squared distance: the best tried
MOST, ROWS = 10_000, 1_000  # images of a class, and of the test set; those computed together
EXCEEDING = 0.05
"""Share of the right answers to test images that exceed the threshold. At 0.03 a third of the wrong
answers of `hidden` do not, at 0.05 a fifth."""


class ReferenceDistribution(NamedTuple):
    """The training images in short: FILE holds it, and the page.

    components: (classes, 1 + COMPONENTS, reduced pixels): each class's mean, then its components.
    thresholds: by model; the answers of other models are never uncertain.
    """

    components: NDArray[np.int8]
    thresholds: Mapping[str, float]

    def content(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        packed = b64encode(self.components.tobytes()).decode()
        return self._asdict() | {"shape": self.components.shape, "components": packed}


def read_reference(path: str = FILE) -> ReferenceDistribution:
    """Return what stage report wrote. Raises ArtifactError."""
    found = read_json(path)
    with reading(path):
        values = np.frombuffer(b64decode(found["components"]), np.int8)
        return ReferenceDistribution(values.reshape(found["shape"]), dict(found["thresholds"]))


def fit_reference(
    dataset: Dataset, classes: int, models: Mapping[str, Predict]
) -> ReferenceDistribution:
    """Fit each class to its training images, and each model's threshold to the test images."""
    train, labels, test, actual = dataset
    by_class = (train[np.flatnonzero(labels == n)[:MOST]] for n in range(classes))
    components = np.array([_principal_components(images) for images in by_class])
    thresholds, parts = {}, [test[i : i + ROWS] for i in range(0, min(len(test), MOST), ROWS)]
    for name, predict in models.items():
        scored = [_scores(components, images, predict) for images in parts]
        scores, logits = map(np.concatenate, zip(*scored, strict=True))
        right = logits.argmax(axis=1) == actual[: len(scores)]
        limit = np.quantile(scores[right | ~right.any()], 1 - EXCEEDING)
        thresholds[name] = round(float(limit), 6)
    return ReferenceDistribution(components, thresholds)


def _scores(
    components: NDArray[np.int8], images: NDArray[np.uint8], predict: Predict
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how uncertain a model's answers to images are, (n,), and their logits."""
    logits = predict(images.reshape(len(images), -1).astype(np.float32) / np.float32(255))
    return np.sum(uncertainty(components, images, logits), axis=0), logits


def _principal_components(images: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return mean and components; of n images no more than n / 2, for the rest is chance.

    In so few steps that nothing is left of the order in which a processor adds.
    """
    small = reduced(images)
    values = small.reshape(len(small), math.prod(small.shape[1:]))
    count = max(len(values), 1)
    mean = values.sum(axis=0) / count
    variances, directions = np.linalg.eigh(values.T @ values / count - np.outer(mean, mean))
    kept = np.where(variances > 1, directions, 0).T[::-1][: min(COMPONENTS, count // 2)]
    components = np.zeros((1 + COMPONENTS, len(mean)))
    components[0] = mean / 255 / 2
    components[1 : 1 + len(kept)] = kept * np.where(kept.sum(axis=1, keepdims=True) < 0, -1, 1)
    return np.rint(components * LEVELS).clip(-127, 127).astype(np.int8)


def reduced(images: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.float64]:
    """Average square blocks, so that images, (n, height, width, ...), are no longer than `side`."""
    by, colours = -(-max(images.shape[1:3]) // side), images.shape[3:]
    height, width = (size // by for size in images.shape[1:3])
    parts = images[:, : height * by, : width * by]
    blocks = parts.reshape(-1, height, by, width, by, *colours)
    means: NDArray[np.float64] = blocks.mean(axis=(2, 4))
    return means


def uncertainty(
    components: NDArray[np.int8], images: NDArray[np.uint8], logits: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far images are out of the answers' distributions, and how ambiguous they are.

    images: (n, height, width). logits: (n, classes). Returns two arrays (n,).
    """
    reference = components[logits.argmax(axis=1)] / LEVELS
    differences = reduced(images).reshape(len(images), -1) / 255 - reference[:, 0] * 2
    along = np.einsum("nij,nj->ni", reference[:, 1:], differences)
    best = logits.max(axis=1)
    ambiguity = np.log(np.exp(logits - best[:, None]).sum(axis=1))
    distance = (differences**2).sum(axis=1) - (along**2).sum(axis=1)
    return distance - LOGSUMEXP * (best + ambiguity), AMBIGUITY * ambiguity


def mean_uncertainty(
    reference: ReferenceDistribution, models: Mapping[str, Predict], images: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Return how uncertain the models' answers to images are, on average; above 0 they are."""
    by_model = [
        _scores(reference.components, images, predict)[0] - reference.thresholds.get(name, 0.0)
        for name, predict in models.items()
    ]
    return np.asarray(np.mean(by_model, axis=0))


def uncertain(
    reference: ReferenceDistribution,
    model: str,
    image: NDArray[np.uint8],
    logits: NDArray[np.float64],
    classes: list[str],
) -> list[str]:
    """Return why a model's answer is uncertain; nothing if it is not.

    image: as the model got it, uint8 (height, width). logits: (classes,).
    """
    ((distribution,), (ambiguity,)) = uncertainty(reference.components, image[None], logits[None])
    if distribution + ambiguity <= reference.thresholds.get(model, np.inf):
        return []
    answer, other = (classes[place] for place in np.argsort(-logits, kind="stable")[:2])
    reason = REASONS["ambiguous" if ambiguity > distribution else "unknown"]
    return [reason.format(answer=answer, other=other)]
