import hashlib

import numpy as np
import pytest

from digits.data.dataset import Dataset, check_dataset, content_sha256, idx_header
from digits.errors import SourceError


def test_the_content_hash_is_that_of_the_four_idx_files(dataset):
    assert idx_header(np.zeros((60000, 28, 28), np.uint8)).hex(" ") == (
        "00 00 08 03 00 00 ea 60 00 00 00 1c 00 00 00 1c"
    )
    idx = b"".join(idx_header(array) + array.tobytes() for array in dataset)
    assert content_sha256(dataset) == hashlib.sha256(idx).hexdigest()
    fortran = Dataset(*(np.asfortranarray(array) for array in dataset))
    assert content_sha256(fortran) == content_sha256(dataset)
    images = dataset.test_images.copy()
    images[-1, -1, -1] ^= 1
    assert content_sha256(dataset._replace(test_images=images)) != content_sha256(dataset)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d._replace(test_images=d.test_images[:, 1:]), r"test: .* got \(100, 27, 28\)"),
        (lambda d: d._replace(train_labels=d.train_labels[1:]), r"train: .* and \(299,\)"),
        (lambda d: d._replace(test_labels=d.test_labels + np.uint16(991)), "got 1000 for the high"),
        (
            lambda d: d._replace(train_labels=d.train_labels * 0, test_labels=d.test_labels * 0),
            "of 2 to 1,000 classes, got 0",
        ),
        (lambda d: d._replace(train_images=d.train_images[:, :7]), "of 8 to 256 pixels"),
        (lambda d: d._replace(test_labels=np.uint8(1)), r"labels \(n,\), got .* and \(\)"),
        (lambda d: Dataset(*(array[:0] for array in d)), r"got \(0, 28, 28\) and \(0,\)"),
    ],
)
def test_arrays_of_another_form_are_refused(dataset, change, message):
    check_dataset(dataset)
    with pytest.raises(SourceError, match=message):
        check_dataset(change(dataset))
