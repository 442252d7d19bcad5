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


def test_a_turn_is_within_its_degrees_and_both_ways():
    _, _, leaning = spread(changed(BAR, rotation=30))
    assert leaning.min() < -0.3 < 0.3 < leaning.max()
    down, across, _ = spread(changed(BAR, rotation=180, seed=3))
    assert (across > down).any()  # some lie


def test_scale_aspect_and_shear_go_both_ways():
    (height,), (width,), _ = spread([BAR])
    down, across, _ = spread(changed(BAR, scale=1.5))
    assert np.corrcoef(down, across)[0, 1] > 0.9
    assert 1 / 1.5 - 0.02 < down.min() / height < 0.9
    assert 1.2 < down.max() / height < 1.52
    down, across, _ = spread(changed(BAR, aspect=1.5))
    assert down == pytest.approx(height, rel=0.02)
    assert np.ptp(across / width) > 0.4
    down, _, leaning = spread(changed(BAR, shear=0.5))
    assert down == pytest.approx(height, rel=0.02)
    assert leaning.min() < -0.4 < 0.4 < leaning.max()


def test_every_second_image_is_mirrored():
    images = changed(BAR, mirror=True)
    mirrored = np.array([np.array_equal(image, BAR[:, ::-1]) for image in images])
    assert mirrored.mean() == pytest.approx(0.5, abs=0.2)
    assert (images[~mirrored] == BAR).all()


def test_strokes_gain_and_lose_up_to_a_pixel():
    ink = changed(BAR, thickness=1).sum(axis=(1, 2)) / BAR.sum()
    assert 11 * 2 / 36 < ink.min() < 0.8
    assert 1.2 < ink.max() < 13 * 4 / 36


def test_gain_makes_paler_and_blacker_but_not_beyond_ink_and_lost_contrast_keeps_each_mean():
    levels = changed(BAR, gain=4)[:, 10, 13]
    assert 0.125 <= levels.min() < 0.3
    assert levels.max() == 1
    pale = changed(BAR, contrast=1)
    assert pale.mean(axis=(1, 2)) == pytest.approx(BAR.mean(), rel=1e-4)
    ranges = np.ptp(pale, axis=(1, 2))
    assert ranges.max() == np.float32(0.5)  # of some nothing is lost
    assert ranges.min() < 0.2


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
