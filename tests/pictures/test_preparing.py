import numpy as np
import pytest

from digits.errors import PictureError
from tests.strokes import draw, picture, prepare


def distance(image, other):
    """Grey levels by which two images differ, on average, one moved by a pixel if need be."""
    moved = [np.roll(other, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return min(np.abs(image.astype(float) - one).mean() for one in moved)


def test_an_image_of_mnists_form_comes_out_as_it_was():
    image = prepare(picture(np.random.default_rng(0)))
    faint = image < 0.15 * image.max()
    padded = np.pad(image, ((3, 40), (11, 0)))
    for grey in (image, 255 - image, padded, padded.astype(np.float32)):
        again = prepare(grey)
        assert (again[~faint] == np.rint(image[~faint] / image.max() * 255)).all()
        assert not again[faint].any()


def test_a_pixel_is_the_average_of_the_area_it_covers():
    grey = np.zeros((100, 60))
    grey[10:90, 20:30] = 200  # 80 x 10: at 20 / 80 of the size, 20 x 2.5
    expected = np.zeros((28, 28))
    expected[5:25, 13:15], expected[5:25, 15] = 255, 128
    assert (prepare(grey) == expected).all()


@pytest.mark.parametrize("size", [(3, 3), (9, 4), (500, 333)])
def test_a_stroke_in_a_picture_of_any_size_becomes_20_pixels_long(size):
    grey = np.full(size, 90.0)
    grey[tuple(slice(n // 3, 2 * n // 3) for n in size)] = 0
    image = prepare(grey)
    assert max(np.ptp(np.nonzero(image), axis=1)) + 1 == 20


@pytest.mark.parametrize("digit", range(10))
def test_size_margin_polarity_contrast_light_dust_and_noise_change_little(digit):
    plain = prepare(np.array(draw(digit, 280)))
    centre = [np.average(np.arange(28), weights=plain.sum(axis)) for axis in (1, 0)]
    assert np.abs(np.subtract(centre, 14)).max() < 0.55  # as in MNIST
    grey = np.array(draw(digit, 150), float)
    rows, columns = np.nonzero(grey < 100)
    light = np.linspace(0, 50, 150)
    dusty = grey.copy()
    dusty[-4:-2, 2:4] = 0
    for other in (
        255 - grey,
        grey / 4 + 30,
        grey * 0.7 + light,
        grey * 0.7 + light[:, None],
        np.pad(grey, ((90, 0), (0, 200)), constant_values=255),
        grey[rows.min() : rows.max() + 1, columns.min() - 1 : columns.max() + 1],
        dusty,
        grey * 0.6 + 50 + np.random.default_rng(0).normal(0, 8, grey.shape),
    ):
        assert distance(prepare(other), plain) < 10


@pytest.mark.parametrize(
    "grey",
    [
        np.full((300, 200), 255, np.uint8),
        np.full((1, 1), 7, np.uint8),
        np.add.outer(np.arange(100), np.arange(100)),
        np.random.default_rng(0).normal(128, 10, (200, 200)),
        np.pad(np.full((5, 5), 19.0), 9),
    ],
    ids=["white", "one pixel", "ramp", "noise", "too faint"],
)
def test_a_blank_picture_is_refused(grey):
    with pytest.raises(PictureError, match="blank"):
        prepare(grey)
