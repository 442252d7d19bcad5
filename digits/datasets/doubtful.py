"""Find images that make results look better or worse than they are."""

from hashlib import blake2b
from typing import Literal

import numpy as np

from digits.data.dataset import Dataset
from digits.errors import SourceError
from digits.messages import printable


def check_images(
    dataset: Dataset, names: list[str] | None, action: Literal["warn", "refuse", "drop"]
) -> Dataset:
    """Report images without contrast, images in two classes, and training images of the test split.

    names: of the training images, then of the test images. Returns the data set; if action is drop,
    without these images (those of the test split stay, unless they have another fault).
    Raises SourceError if action is refuse, or if no image would be left.
    """
    count, labels = len(dataset.train_labels), np.concatenate(dataset[1::2])
    flat = [images.reshape(len(images), -1) for images in dataset[::2]]
    even = np.concatenate([images.min(axis=1) == images.max(axis=1) for images in flat])
    digests = [blake2b(image.tobytes(), digest_size=8).digest() for part in flat for image in part]
    _, first, same = np.unique(digests, return_index=True, return_inverse=True)
    is_torn = np.isin(same, same[labels != labels[first[same]]])
    is_tested = np.isin(same, same[count:]) & (np.arange(len(labels)) < count)
    lines, kept = [], ~even
    for what, found in (
        ("have no contrast", even),
        ("are in two classes", is_torn & ~even),
        ("are for training and for testing", is_tested & ~even),
    ):
        if found.any():
            place = int(found.argmax())
            split = f"training image {place}" if place < count else f"test image {place - count}"
            part, example = f"{found.sum():,} of {len(labels):,}", names[place] if names else split
            lines.append(printable(f"{part} images {what}, as {example}"))
            kept &= ~found
    if lines and (action == "refuse" or (action == "drop" and not kept.any())):
        raise SourceError(f"{'; '.join(lines)}. Remove them, or change fetch.duplicates.")
    for line in lines:
        print(f"fetch: {line}{'; dropped' * (action == 'drop')}")
    if action != "drop":
        return dataset
    splits = [kept[:count]] * 2 + [kept[count:]] * 2
    return Dataset(*(array[split] for array, split in zip(dataset, splits, strict=True)))
