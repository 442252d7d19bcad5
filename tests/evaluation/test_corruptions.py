"""Each corruption against scipy.ndimage, and the accuracies by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from digits.evaluation import corruptions
from digits.evaluation.corruptions import CORRUPTIONS, DRAWN, mean_accuracy, measure

SEVERITIES = {key: [0.5] for key in CORRUPTIONS} | {"seed": 0}
SEVERITIES |= {"shift": [2, 4], "rotation": [30], "blur": [1], "inversion": [1]}
WAYS = ((3, 0), (-3, 0), (0, 3), (0, -3))


def corrupt(name, images, severity):
    drawn = DRAWN[name](np.random.default_rng(3), images.shape) if name in DRAWN else None
    return CORRUPTIONS[name](images, severity, drawn)


@pytest.fixture(scope="module", params=["square", "wide"])
def images(dataset, request):
    images = dataset.test_images / np.float32(255)
    return images if request.param == "square" else images[:, 4:24]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_images_come_out_and_the_input_is_left_alone(name, images):
    before = images.copy()
    np.testing.assert_allclose(corrupt(name, images, 0), images, atol=1e-6)
    corrupted = corrupt(name, images, max(SEVERITIES[name]))
    np.testing.assert_array_equal(images, before)
    assert (corrupted.dtype, corrupted.shape) == (np.float32, images.shape)
    assert 0 <= corrupted.min() <= corrupted.max() <= 1 + 1e-6
    assert not np.allclose(corrupted, images, atol=0.05)


def test_shifts_are_scipys_in_all_four_directions(images):
    seen = []
    for before, after in zip(images, corrupt("shift", images, 3), strict=True):
        wanted = {way: ndimage.shift(before, way, order=0) for way in WAYS}
        seen += [way for way, image in wanted.items() if np.array_equal(image, after)]
    assert len(seen) == len(images)
    assert {way: seen.count(way) > len(images) / 10 for way in WAYS} == dict.fromkeys(WAYS, True)


@pytest.mark.parametrize(("anticlockwise", "turns"), [(1, 1), (0, -1)])
def test_a_quarter_turn_goes_the_way_that_is_told(dataset, anticlockwise, turns):
    """Also where all images of a chunk are turned the same way."""
    images = dataset.test_images[:3] / np.float32(255)
    turned = CORRUPTIONS["rotation"](images, 90, np.full(3, anticlockwise))
    np.testing.assert_allclose(turned, np.rot90(images, turns, (1, 2)), atol=1e-5)


def test_noise_contrast_and_inversion_by_hand():
    grey = np.full((100, 28, 28), 0.5, np.float32)
    added = corrupt("noise", grey, 0.1) - grey
    assert added.mean() == pytest.approx(0, abs=0.002)
    assert added.std() == pytest.approx(0.1, abs=0.002)
    image = np.zeros((1, 28, 28), np.float32)
    image[0, :14] = 1
    pale = corrupt("contrast", image, 0.8)
    assert np.unique(pale.round(6)).tolist() == pytest.approx([0.4, 0.6])
    np.testing.assert_array_equal(corrupt("inversion", image, 1), 1 - image)


def test_accuracies_are_counted_over_all_chunks(images, monkeypatch):
    """One model tells ink from paper, the other always says 3."""
    monkeypatch.setattr(corruptions, "CHUNK", 7)
    flat = images.reshape(len(images), -1)
    bright = (flat.mean(axis=1) > 0.5).astype(np.uint8)
    models = {
        "ink": lambda rows: np.eye(2)[(rows.mean(axis=1) > 0.5).astype(int)],
        "three": lambda rows: np.eye(10)[np.full(len(rows), 3)],
    }
    severities = SEVERITIES | {"noise": []}
    table = measure(models, flat, bright, images.shape[1:], severities)
    cases = [(kind, n) for kind in CORRUPTIONS if severities[kind] for n in (0, *severities[kind])]
    rows = [(*case, model) for case in cases for model in models]
    assert [*zip(table.corruption, table.severity, table.model, strict=True)] == rows
    ink = table[table.model == "ink"]
    assert (ink.accuracy[ink.severity == 0] == 1).all()
    assert (table.accuracy[table.model == "three"] == 0).all()
    assert ink.accuracy[(ink.corruption == "inversion") & (ink.severity > 0)].tolist() == [0]
    assert mean_accuracy(table, "ink", ["noise"]) is None


def test_the_mean_counts_each_corruption_once_and_leaves_the_clean_images_out():
    rows = [("shift", 0, "one", 1), ("shift", 1, "one", 0), ("shift", 2, "one", 0.2)]
    rows += [("blur", 1, "one", 0.4), ("shift", 1, "two", 0)]
    table = pd.DataFrame(rows, columns=["corruption", "severity", "model", "accuracy"])
    assert mean_accuracy(table, "one") == 0.25  # shifts: 0.1 on average
    assert mean_accuracy(table, "one", ["blur"]) == 0.4
