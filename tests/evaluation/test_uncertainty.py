"""Which answers are uncertain: unknown images and ambiguous answers, of made-up data."""

import numpy as np
import pytest

from digits.data.dataset import Dataset
from digits.errors import ArtifactError
from digits.evaluation.uncertainty import (
    COMPONENTS,
    EXCEEDING,
    fit_reference,
    read_reference,
    uncertain,
)
from digits.files.atomic import write_json
from tests.page.made import drawn

CLASSES = list("0123456789")


def sure(labels, of=8.0, classes=10):
    """Logits of a model that is right and sure."""
    return np.eye(classes)[labels] * of


@pytest.fixture(scope="module")
def reference():
    train, test = drawn(1_000, seed=1), drawn(500, seed=2)
    return fit_reference(Dataset(*train, *test), 10, {"one": lambda images: sure(test[1])})


def test_few_right_answers_are_uncertain_and_those_to_noise_are(reference):
    pairs = zip(drawn(500, seed=2)[0], sure(drawn(500, seed=2)[1]), strict=True)
    assert (
        np.mean([bool(uncertain(reference, "one", *pair, CLASSES)) for pair in pairs]) <= EXCEEDING
    )
    noise = np.random.default_rng(0).integers(0, 255, (28, 28)).astype(np.uint8)
    assert uncertain(reference, "other", noise, sure(3), CLASSES) == []
    (reason,) = uncertain(reference, "one", noise, sure(3), CLASSES)
    assert reason == "unlike any 3 in the training set"


def test_an_ambiguous_answer_names_the_other_class(reference):
    images, labels = drawn(10, seed=3)
    logits = sure(labels[4]) + sure(9, of=7.99)
    strict = reference._replace(thresholds={"one": 0.0})
    assert uncertain(strict, "one", images[4], logits, CLASSES) == ["may also be 9"]


def test_a_class_has_a_mean_and_components_at_right_angles(reference):
    assert reference.components.shape == (10, 1 + COMPONENTS, 196)
    train, labels = drawn(1_000, seed=1)
    means = train[labels == 7].reshape(-1, 14, 2, 14, 2).mean((0, 2, 4)).ravel() / 255
    assert np.abs(reference.components[7, 0] / 128 - means).max() <= 1 / 256 + 1e-9
    components = reference.components[7, 1:] / 256
    products = components @ components.T
    used = np.diag(products) > 0.5
    assert used.sum() >= 20
    np.testing.assert_allclose(products[np.ix_(used, used)], np.eye(used.sum()), atol=0.08)


@pytest.mark.parametrize("size", [(8, 8), (50, 21)])
def test_images_of_any_size_and_classes_of_few_images_or_none_do_no_harm(size):
    images = np.random.default_rng(0).integers(0, 255, (30, *size)).astype(np.uint8)
    labels = np.arange(30) % 10
    dataset = Dataset(images, labels, images, labels)
    found = fit_reference(dataset, 12, {"one": lambda pixels: sure(labels, classes=12)})
    assert found.components.shape[2] <= 14 * 14
    assert not found.components[10:].any()
    assert (found.components[0, 2:] == 0).all()  # of three images, one component


def test_it_is_written_and_read_back(reference, tmp_path):
    path = str(tmp_path / "reference.json")
    write_json(path, reference.content())
    again = read_reference(path)
    assert again.thresholds == reference.thresholds
    assert (again.components == reference.components).all()
    for damaged in ({}, {"thresholds": {}, "shape": [1, 2, 3], "components": "AAAA"}, []):
        write_json(path, damaged)
        with pytest.raises(ArtifactError, match="cannot be read: "):
            read_reference(path)
