"""Digits are found on paper of every kind, and the models read them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from digits.errors import PictureError
from digits.inference.network import load
from digits.pictures import detect
from digits.pictures.prepared import Refusal
from digits.pictures.reading import read
from tests.pictures import papers
from tests.pictures.test_preparing import distance
from tests.pipeline import MODELS
from tests.strokes import draw

COUNT = 30
BUILT = [Path(f"data/raw/test_{part}.npy") for part in ("images", "labels")]
BUILT += [Path(f"models/{name}.keras") for name in MODELS]


def digit(number, width=0.09):
    """A drawn digit in the form of MNIST's."""
    return 255 - np.asarray(draw(number, 28, width, margin=0.14))


def saved(tmp_path, picture):
    """A paper, float (height, width, 3), as a file."""
    path = str(tmp_path / "paper.png")
    noisy = picture + np.random.default_rng(0).normal(0, 2, picture.shape)
    Image.fromarray(np.rint(noisy).clip(0, 255).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("kind", papers.PAPERS)
@pytest.mark.slow
@pytest.mark.skipif(not all(map(Path.exists, BUILT)), reason="nothing is built")
def test_on_each_kind_of_paper_digits_are_read(kind, tmp_path):
    images, labels = (np.load(path) for path in BUILT[:2])
    name = "augmented" if "augmented" in MODELS else "hidden"  # trained on rotated digits, or not
    network = load(f"models/{name}.keras", 784, 10)
    random = np.random.default_rng([0, list(papers.PAPERS).index(kind)])
    right, refused = 0, 0
    for place in random.choice(len(images), COUNT, replace=False):
        path = tmp_path / "paper.jpg"
        path.write_bytes(papers.photograph(kind, images[place], random))
        try:
            pixels = detect(read(str(path))).images[0].image.reshape(1, -1) / np.float32(255)
        except PictureError:
            refused += 1
        else:
            right += network.logits(pixels).argmax() == labels[place]
    print(f"{kind}: {right} of {COUNT} right, {refused} refused")
    assert right >= 0.9 * COUNT  # 93 of 100, less what 30 pictures leave to chance
    assert refused <= 0.04 * COUNT


@pytest.mark.parametrize("kind", papers.PAPERS)
def test_the_ink_that_is_found_is_the_digits(kind, tmp_path):
    random = np.random.default_rng(1)
    path = tmp_path / "paper.jpg"
    path.write_bytes(papers.photograph(kind, digit(5), random))
    plain = tmp_path / "plain.jpg"
    plain.write_bytes(papers.photograph("plain", digit(5), random))
    image, expected = (detect(read(str(each))).images[0].image for each in (path, plain))
    assert distance(expected, image) < {"turned": 40, "fat marker": 30}.get(kind, 18)


@pytest.mark.parametrize("number", [0, 3, 5, 8])
def test_a_thin_line_becomes_a_stroke(number, tmp_path):
    picture = np.array(draw(number, 400, 0.008), float)
    image = detect(read(saved(tmp_path, np.dstack([picture] * 3)))).images[0].image
    thickness = 4 * ndimage.distance_transform_edt(image > 127)[image > 127].mean() - 2
    assert 1.2 < thickness < 4
    assert (image > 200).sum() > 30


@pytest.mark.parametrize(
    ("refusal", "made"),
    [
        (Refusal.BLANK, papers.sheet),
        (Refusal.LINES, lambda r: papers.squared(r, papers.sheet(r))),
        (Refusal.LINES, lambda r: papers.ruled(r, papers.sheet(r))),
        (Refusal.DOT, lambda r: papers.speck(r, papers.sheet(r))),
    ],
)
def test_a_picture_without_a_digit_is_refused_for_what_it_shows(refusal, made, tmp_path):
    with pytest.raises(PictureError, match=f"^{refusal}"):
        detect(read(saved(tmp_path, made(np.random.default_rng(2)))))


def test_a_dot_is_refused_on_paper_of_either_kind_and_a_sheet_on_a_table_is_no_chalk(tmp_path):
    page = np.full((300, 300, 3), 255.0)
    page[140:160, 140:160] = 0
    for dot in (page, 255 - page):
        with pytest.raises(PictureError, match=f"^{Refusal.DOT}"):
            detect(read(saved(tmp_path, dot)))
    table = np.zeros((340, 200, 3))
    table[250:330, 10:70] = 255
    table[260:320, 20:60] = np.array(draw(9, 60, 0.12).resize((40, 60)))[..., None]
    assert detect(read(saved(tmp_path, table))).images[0].box[3] > 250
