"""Each change by itself, on an image of a bar and on all images of the synthetic digits."""

import numpy as np
import pytest

from digits.augmentation import GROUP, Changes, augment

SIZE = (28, 28)
NONE = {
    **{"rotation": 0, "shift": 0, "scale": 1, "aspect": 1, "shear": 0},
    **{"thickness": 0, "gain": 1, "contrast": 0, "noise": 0, "mirror": False},
}
GROUPS = 50
BAR = np.zeros(SIZE, np.float32)
BAR[8:20, 12:15] = 0.5
"""An upright bar in the middle: 12 rows of 3 columns."""


def changed(image, seed=0, **ranges):
    """GROUPS changed copies of an image: (GROUPS, height, width); those of a group are equal."""
    images = np.tile(image.ravel(), (GROUPS * GROUP, 1))
    done = augment(images, np.random.default_rng(seed), image.shape, Changes(**NONE | ranges))
    done = done.reshape(GROUPS, GROUP, *image.shape)
    np.testing.assert_array_equal(done, done[:, :1].repeat(GROUP, axis=1))
    return done[:, 0]


def spread(images):
    """The standard deviations of the ink's rows and columns, and their correlation."""
    found = []
    for image in images:
        y, x = (np.indices(image.shape) * image).sum(axis=(1, 2)) / image.sum()
        y, x = np.indices(image.shape) - np.array([y, x])[:, None, None]
        yy, xx, xy = ((pair * image).sum() / image.sum() for pair in (y * y, x * x, x * y))
        found.append((yy**0.5, xx**0.5, xy / (yy * xx) ** 0.5))
    return np.array(found).T


def test_nothing_changes_where_nothing_may(dataset):
    images = dataset.train_images.reshape(-1, 784) / np.float32(255)
    same = augment(images.copy(), np.random.default_rng(0), SIZE, Changes(**NONE))
    np.testing.assert_array_equal(same, images)


@pytest.mark.parametrize("size", [(28, 28), (64, 48)])
@pytest.mark.parametrize("count", [1, 3 * GROUP + 5])
def test_all_changes_together_keep_size_and_range(size, count):
    images = np.random.default_rng(1).random((count, size[0] * size[1]), np.float32)
    ranges = {"rotation": 180, "shift": 9, "scale": 2, "aspect": 2, "shear": 1}
    ranges |= {"thickness": 1, "gain": 3, "contrast": 1, "noise": 1, "mirror": True}
    done = augment(images.copy(), np.random.default_rng(0), size, Changes(**ranges))
    assert (done.shape, done.dtype) == (images.shape, np.float32)
    assert 0 <= done.min() <= done.max() <= 1
    assert (done != images).any(axis=1).all()


def test_a_shift_moves_ink_without_changing_it():
    moved = changed(BAR, shift=4)
    assert moved.sum(axis=(1, 2)) == pytest.approx(BAR.sum(), rel=1e-5)
    centres = np.array(
        [(np.indices(SIZE) * image).sum(axis=(1, 2)) / image.sum() for image in moved]
    )
    assert np.abs(centres - (13.5, 13)).max() <= 4
    assert np.ptp(centres, axis=0).min() > 4  # both axes, both ways


MEASURES = {
    "height": lambda images: spread(images)[0] / spread([BAR])[0],
    "width": lambda images: spread(images)[1] / spread([BAR])[1],
    "leaning": lambda images: spread(images)[2],
    "ink": lambda images: images.sum(axis=(1, 2)) / BAR.sum(),
    "level": lambda images: images[:, 10, 13],
    "range": lambda images: np.ptp(images, axis=(1, 2)),
}


@pytest.mark.parametrize(
    ("change", "limit", "measure", "lowest", "highest"),
    [
        ("rotation", 30, "leaning", (-1, -0.3), (0.3, 1)),
        ("shear", 0.5, "leaning", (-1, -0.4), (0.4, 1)),
        ("shear", 0.5, "height", (0.98, 1), (1, 1.02)),
        ("scale", 1.5, "height", (0.65, 0.9), (1.2, 1.52)),
        ("scale", 1.5, "width", (0.65, 0.95), (1.2, 1.7)),
        ("aspect", 1.5, "width", (0.65, 0.95), (1.1, 1.7)),
        ("aspect", 1.5, "height", (0.98, 1), (1, 1.02)),
        ("thickness", 1, "ink", (22 / 36, 0.8), (1.2, 52 / 36)),
        ("gain", 4, "level", (0.125, 0.3), (1, 1)),
        ("contrast", 1, "range", (0, 0.2), (0.5, 0.5)),  # of some nothing is lost
        ("contrast", 1, "ink", (0.9999, 1), (1, 1.0001)),
    ],
)
def test_a_change_goes_both_ways_up_to_its_limit(change, limit, measure, lowest, highest):
    found = MEASURES[measure](changed(BAR, **{change: limit}))
    assert lowest[0] - 1e-6 <= found.min() <= lowest[1] + 1e-6
    assert highest[0] - 1e-6 <= found.max() <= highest[1] + 1e-6


def test_half_of_the_groups_are_mirrored():
    images = changed(BAR, mirror=True)
    mirrored = np.array([np.array_equal(image, BAR[:, ::-1]) for image in images])
    assert mirrored.mean() == pytest.approx(0.5, abs=0.2)
    assert (images[~mirrored] == BAR).all()


def test_noise_is_within_its_deviation_and_new_in_each_image():
    images = np.full((GROUPS * GROUP, 784), 0.5, np.float32)
    noisy = augment(images, np.random.default_rng(0), SIZE, Changes(**NONE | {"noise": 0.1}))
    deviations = noisy.std(axis=1).reshape(GROUPS, GROUP)
    assert 0.05 < deviations.max() < 0.12
    assert (deviations.max(axis=1) == 0).mean() == pytest.approx(0.5, abs=0.2)
    first = noisy.reshape(GROUPS, GROUP, -1)[deviations.max(axis=1).argmax()]
    assert len(np.unique(first, axis=0)) == GROUP


def test_the_colours_of_an_image_are_changed_alike(dataset):
    grey = dataset.test_images[:70].reshape(70, -1) / np.float32(255)
    some = {"rotation": 20, "shift": 3, "scale": 1.2, "thickness": 0.5, "gain": 1.2}
    ranges = Changes(**NONE | some | {"contrast": 0.5})
    once, thrice = (
        augment(images, np.random.default_rng(0), (*SIZE, *colours), ranges)
        for images, colours in ((grey.copy(), ()), (grey.repeat(3, axis=1), (3,)))
    )
    np.testing.assert_array_equal(thrice.reshape(70, 784, 3), once[..., None].repeat(3, axis=2))
