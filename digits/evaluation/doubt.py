"""Doubt an answer to a picture that is unlike what was learned from; doubt.js does the same.

A softmax is of one class or another: of a house, too, a network can be 99 % sure. So each class is
also told by what its training images have in common: their mean, and the directions in which most
of them vary (principal components). What of a picture lies outside of these is strange; so is it
if no class is recognised, all logits being low, and if two classes are recognised.

Measured with 504 drawings of houses, stars, letters and the like, at 3 % of right answers to
MNIST's test images doubted, by `augmented`: the softmax alone doubts 37 % of them, the logits'
logsumexp 49, what lies outside 73; of these the first and the last 76, all three 82.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Dataset
from digits.errors import ArtifactError
from digits.files.atomic import read_json

FILE = "report/reference.json"
SENTENCES = {
    "unlike": "unlike any {answer} that was learned from",
    "torn": "it may be {other} as well",
}
"""What is said of a doubtful answer, by the page too."""
SIDE = 14
"""Pixels of the longer side to which images are reduced. 28 are no better."""
DIRECTIONS = 30
"""The best of 20, 30, 40 and 60."""
FINE = 256
"""Steps to 1 in which directions are kept, as int8; of the means, which reach 1, half as many."""
UNSURE, KNOWN = 3.0, 0.2
"""How much -ln(softmax) and the logsumexp count beside the squared distance: the best tried."""
MOST = 10_000
"""Images of a class, and of the test set, that are looked at: more would say the same."""
ROWS = 1_000
"""Images compared together."""
DOUBTED = 0.03
"""Share of the right answers to test images that are doubted."""


class Usual(NamedTuple):
    """What is usual: kept as FILE, and embedded in the page."""

    spaces: NDArray[np.int8]
    """Of each class the mean, then the directions: (classes, 1 + DIRECTIONS, reduced pixels)."""
    limits: Mapping[str, float]
    """By model, how strange an answer may be that is not doubted; of others none is doubted."""

    def content(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        packed = b64encode(self.spaces.tobytes()).decode()
        return {"limits": self.limits, "shape": self.spaces.shape, "spaces": packed}


def read_usual(path: str = FILE) -> Usual:
    """Return what was written there. Raises ArtifactError."""
    found = read_json(path)
    try:
        values = np.frombuffer(b64decode(found["spaces"]), np.int8)
        return Usual(values.reshape(found["shape"]), dict(found["limits"]))
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError(f"{path} is damaged: {fault!r}. `dvc repro` rebuilds it.") from None


def usual(dataset: Dataset, classes: int, logits: Mapping[str, NDArray[np.float64]]) -> Usual:
    """Find what is usual in the training images.

    logits: by model, of the first test images, (n, classes).
    """
    train, labels, test, actual = dataset
    spaces = np.array(
        [_space(reduced(train[np.flatnonzero(labels == n)[:MOST]])) for n in range(classes)]
    )
    return Usual(spaces, {name: _limit(spaces, test, actual, logits[name]) for name in logits})


def _limit(
    spaces: NDArray[np.int8],
    test: NDArray[np.uint8],
    actual: NDArray[Any],
    logits: NDArray[np.float64],
) -> float:
    """Return the limit at which DOUBTED of the right answers to test images are doubted."""
    test, actual = test[: len(logits)], actual[: len(logits)]
    blocks = range(0, len(test), ROWS)
    strange = np.concatenate(
        [
            np.sum(strangeness(spaces, test[n : n + ROWS], logits[n : n + ROWS]), axis=0)
            for n in blocks
        ]
    )
    right = logits.argmax(axis=1) == actual
    kept = strange[right] if right.any() else strange
    return round(float(np.quantile(kept, 1 - DOUBTED)), 6)


def _space(values: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return mean and directions; of n images no more than n / 2, for the rest is chance.

    In so few steps that nothing is left of the order in which a processor adds.
    """
    count = max(len(values), 1)
    mean = values.sum(axis=0) / count
    strengths, directions = np.linalg.eigh(values.T @ values / count - np.outer(mean, mean))
    kept = np.where(strengths > 1, directions, 0).T[::-1][: min(DIRECTIONS, count // 2)]
    space = np.zeros((1 + DIRECTIONS, len(mean)))
    space[0] = mean / 255 / 2
    space[1 : 1 + len(kept)] = kept * np.where(kept.sum(axis=1, keepdims=True) < 0, -1, 1)
    return np.rint(space * FINE).clip(-127, 127).astype(np.int8)


def reduced(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Average square blocks: (n, height, width) to (n, reduced pixels), 0-255."""
    by = -(-max(images.shape[1:]) // SIDE)
    height, width = (size // by for size in images.shape[1:])
    blocks = images[:, : height * by, : width * by].reshape(-1, height, by, width, by)
    means: NDArray[np.float64] = blocks.mean(axis=(2, 4)).reshape(len(images), height * width)
    return means


def strangeness(
    spaces: NDArray[np.int8], images: NDArray[np.uint8], logits: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how unlike images, (n, height, width), are to what they are taken for: (n,).

    And how unsure that answer is, (n,), 0 or more: added up they are how strange it is.
    """
    space = spaces[logits.argmax(axis=1)] / FINE
    apart = reduced(images) / 255 - space[:, 0] * 2
    along = np.einsum("nij,nj->ni", space[:, 1:], apart)
    best = logits.max(axis=1)
    unsure = np.log(np.exp(logits - best[:, None]).sum(axis=1))
    outside = (apart**2).sum(axis=1) - (along**2).sum(axis=1)
    return outside - KNOWN * (best + unsure), UNSURE * unsure


def doubts(
    usual: Usual,
    model: str,
    image: NDArray[np.uint8],
    logits: NDArray[np.float64],
    classes: list[str],
) -> list[str]:
    """Say why a model's answer is doubtful: nothing if it is not.

    image: as the model got it, uint8 (height, width). logits: (classes,).
    """
    ((apart,), (unsure,)) = strangeness(usual.spaces, image[None], logits[None])
    if apart + unsure <= usual.limits.get(model, np.inf):
        return []
    answer, other = (classes[place] for place in np.argsort(-logits, kind="stable")[:2])
    sentence = SENTENCES["torn" if unsure > apart else "unlike"]
    return [sentence.format(answer=answer, other=other)]
