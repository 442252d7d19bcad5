"""What is doubted: strange pictures and torn answers, of made-up data."""

import numpy as np
import pytest

from digits.data.dataset import Dataset
from digits.errors import ArtifactError
from digits.evaluation.doubt import DIRECTIONS, DOUBTED, Usual, doubts, read_usual, usual
from digits.files.atomic import write_json
from tests.page.made import drawn

CLASSES = list("0123456789")


def sure(labels, of=8.0):
    """Logits of a model that is right and sure."""
    return np.eye(10)[labels] * of


@pytest.fixture(scope="module")
def known():
    train, test = drawn(1_000, seed=1), drawn(500, seed=2)
    return usual(Dataset(*train, *test), 10, {"one": sure(test[1])})


def test_few_right_answers_are_doubted_and_pictures_of_nothing_learned_are(known):
    images, labels = drawn(500, seed=2)
    said = [doubts(known, "one", *pair, CLASSES) for pair in zip(images, sure(labels), strict=True)]
    assert np.mean([len(found) for found in said]) <= DOUBTED
    noise = np.random.default_rng(0).integers(0, 255, (28, 28)).astype(np.uint8)
    assert doubts(known, "other", noise, sure(3), CLASSES) == []
    assert doubts(known, "one", noise, sure(3), CLASSES) == ["unlike any 3 that was learned from"]


def test_an_answer_between_two_is_doubted_and_the_other_named(known):
    images, labels = drawn(10, seed=3)
    logits = sure(labels[4]) + sure(9, of=7.99)
    assert doubts(known._replace(limits={"one": 0.0}), "one", images[4], logits, CLASSES) == [
        "it may be 9 as well"
    ]


def test_what_is_usual_is_a_mean_and_directions_at_right_angles(known):
    assert known.spaces.shape == (10, 1 + DIRECTIONS, 196)
    train, labels = drawn(1_000, seed=1)
    means = train[labels == 7].reshape(-1, 14, 2, 14, 2).mean((0, 2, 4)).ravel() / 255
    assert np.abs(known.spaces[7, 0] / 128 - means).max() <= 1 / 256 + 1e-9
    directions = known.spaces[7, 1:] / 256
    shared = directions @ directions.T
    there = np.diag(shared) > 0.5
    assert there.sum() >= 20
    np.testing.assert_allclose(shared[np.ix_(there, there)], np.eye(there.sum()), atol=0.08)


def test_classes_of_few_images_or_of_none_do_no_harm():
    images, labels = drawn(30, seed=1)
    few = usual(Dataset(images, labels, images, labels), 12, {"one": np.eye(12)[labels]})
    assert few.spaces.shape[0] == 12
    assert not few.spaces[11].any()
    assert (few.spaces[0, 2:] == 0).all()  # of three images, one direction


@pytest.mark.parametrize("size", [(8, 8), (64, 48), (50, 21)])
def test_images_of_any_size_are_reduced(size):
    images = np.random.default_rng(0).integers(0, 255, (20, *size)).astype(np.uint8)
    labels = np.arange(20) % 2
    found = usual(Dataset(images, labels, images, labels), 2, {"one": np.eye(2)[labels]})
    assert found.spaces.shape[2] <= 14 * 14


def test_it_is_kept_and_read_back(known, tmp_path):
    path = str(tmp_path / "usual.json")
    write_json(path, known.content())
    again = read_usual(path)
    assert again.limits == known.limits
    assert (again.spaces == known.spaces).all()
    for damaged in ({}, {"limits": {}, "shape": [1, 2, 3], "spaces": "AAAA"}, []):
        write_json(path, damaged)
        with pytest.raises(ArtifactError, match="is damaged"):
            read_usual(path)
    assert isinstance(again, Usual)
