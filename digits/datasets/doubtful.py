"""Find images that make results look better or worse than they are."""

import hashlib
from collections import defaultdict
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from digits.data.dataset import Dataset
from digits.errors import SourceError
from digits.messages import printable

Names = tuple[list[str], ...]
"""Of the images of the training split, and of the test split."""
Masks = list[NDArray[np.bool_]]
"""Which images of the training split, and of the test split."""


def check_images(
    dataset: Dataset, names: Names, action: Literal["warn", "refuse", "drop"]
) -> Dataset:
    """Report images without contrast, images under two classes, and training images of the test.

    names: of the images of both splits. action: what to do beside that. Of equal images in both
    splits the test's is kept. Raises SourceError if action is refuse, or if no image has contrast.
    """
    images: list[Any] = list(dataset[::2])
    labels: list[Any] = list(dataset[1::2])
    lines, keep = [], [np.ones(len(split), bool) for split in images]
    for what, masks in _find(images, labels).items():
        if count := sum(int(mask.sum()) for mask in masks):
            split = int(not masks[0].any())
            example = names[split][int(masks[split].argmax())]
            lines.append(f"{count:,} of {len(labels[0]) + len(labels[1]):,} {what}, as {example}")
            keep = [kept & ~mask for kept, mask in zip(keep, masks, strict=True)]
    is_left = any(split.any() for split in keep)
    if lines and (action == "refuse" or (action == "drop" and not is_left)):
        raise SourceError(f"{'; '.join(lines)}. Remove them, or change fetch.duplicates.")
    for line in lines:
        print(printable(f"fetch: {line}{'; dropped' * (action == 'drop')}"))
    if not lines or action != "drop":
        return dataset
    kept: list[Any] = [array[keep[place // 2]] for place, array in enumerate(dataset)]
    return Dataset(*kept)


def _find(images: list[NDArray[Any]], labels: list[NDArray[Any]]) -> dict[str, Masks]:
    """Return what is wrong with images, and with which."""
    flat = [split.reshape(len(split), -1) for split in images]
    even = [split.min(axis=1) == split.max(axis=1) for split in flat]
    keys = [
        [hashlib.blake2b(image.data, digest_size=16).digest() for image in split] for split in flat
    ]
    classes = defaultdict[bytes, set[int]](set)
    for split, its_labels in zip(keys, labels, strict=True):
        for key, label in zip(split, its_labels.tolist(), strict=True):
            classes[key].add(label)
    test = set(keys[1])
    torn = [np.array([len(classes[key]) > 1 for key in split], bool) for split in keys]
    twice = np.array([key in test for key in keys[0]], bool)
    return {
        "images have no contrast": even,
        "images are in two classes": [
            mask & ~blank for mask, blank in zip(torn, even, strict=True)
        ],
        "images are for training and for testing": [twice & ~even[0], np.zeros(len(flat[1]), bool)],
    }
