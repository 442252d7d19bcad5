import io

import matplotlib as mpl
import numpy as np
from matplotlib.image import imread

from digits.figures.confusion import confusion
from digits.figures.samples import samples


def pixels(png):
    return imread(io.BytesIO(png))


def counts(seed=0):
    return np.random.default_rng(seed).integers(0, 1200, (10, 10))


def test_the_same_counts_give_the_same_bytes_whatever_the_users_style():
    first = confusion("basic", counts())
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        assert confusion("basic", counts()) == first
    assert b"Software" not in first


def test_other_counts_give_another_picture():
    one = counts()
    other = one.copy()
    other[3, 5] += 1
    assert confusion("basic", one) != confusion("basic", other)


def test_an_empty_matrix_can_be_drawn():
    assert pixels(confusion("basic", np.zeros((10, 10), int))).shape[2] == 4


def test_samples_show_every_digit_with_its_label(dataset):
    png = samples(dataset.train_images, dataset.train_labels)
    assert png == samples(dataset.train_images, dataset.train_labels)
    height, width, _ = pixels(png).shape
    assert 600 < width < 1200
    assert 600 < height < 1200
    darker = dataset.train_images.copy()
    darker[np.flatnonzero(dataset.train_labels == 9)[0]] = 255
    assert samples(darker, dataset.train_labels) != png


def test_samples_of_fewer_images_than_there_is_room_for(dataset):
    assert pixels(samples(dataset.train_images[:3], dataset.train_labels[:3])).size
