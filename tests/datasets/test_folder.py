"""Folders of pictures: a folder in it for each class."""

import os

import numpy as np
import pytest
from PIL import Image

from digits.data.dataset import content_sha256
from digits.datasets.sources import obtain
from digits.errors import SourceError
from tests.datasets.test_sources import params
from tests.strokes import draw


def write(folder, names, count=5, size=(32, 24), suffix=".png", colour=False):
    """For each class `count` pictures, (height, width): a bar whose place tells the class."""
    random = np.random.default_rng(1)
    for place, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture = random.integers(0, 60, (*size, 3) if colour else size).astype(np.uint8)
            start = place * size[0] // len(names)
            picture[start : start + max(1, size[0] // len(names))] += 180
            Image.fromarray(picture).save(folder / name / f"{number}{suffix}")
    return folder


def refused(*arguments, **options):
    with pytest.raises(SourceError) as fault:
        obtain(params(*arguments, **options))
    assert len(str(fault.value).splitlines()) == 1
    return str(fault.value)


def test_classes_are_in_their_natural_order_and_pictures_as_they_are(tmp_path):
    write(tmp_path / "mine", ["class 10", "class 9", "äpfel"])
    dataset, description, _ = obtain(params(tmp_path / "mine", prepare="none"))
    assert description.classes == ["class 9", "class 10", "äpfel"]
    assert (description.title, description.noun, description.prepare) == ("mine", "image", "none")
    assert (description.height, description.width) == (32, 24)
    assert (description.train, description.test) == (12, 3)
    for images, labels in (dataset[:2], dataset[2:]):
        for image, label in zip(images, labels, strict=True):
            folder = tmp_path / "mine" / description.classes[label]
            there = [np.asarray(Image.open(path)) for path in folder.iterdir()]
            assert any((image == picture).all() for picture in there)
    assert np.bincount(dataset.test_labels).tolist() == [1, 1, 1]


def test_the_order_goes_by_the_seed_and_not_by_the_file_system(tmp_path):
    one = write(tmp_path / "one", ["a", "b"])
    (tmp_path / "two").mkdir()
    for name in ("b", "a"):  # made in another order
        (tmp_path / "two" / name).mkdir()
        for path in sorted((one / name).iterdir(), reverse=True):
            (tmp_path / "two" / name / path.name).write_bytes(path.read_bytes())
    hashes = [obtain(params(tmp_path / n, prepare="none"))[1].sha256 for n in ("one", "two")]
    assert hashes[0] == hashes[1]
    other = params(one, prepare="none").model_copy(update={"seed": 1})
    assert obtain(other)[1].sha256 != hashes[0]
    assert content_sha256(obtain(params(one, hashes[0], prepare="none"))[0]) == hashes[0]
    assert f"got {hashes[0]}" in refused(one, "0" * 64, prepare="none")


def test_a_folder_for_testing_is_taken_as_it_is(tmp_path, capsys):
    write(tmp_path / "train", ["a", "b"], 6)
    write(tmp_path / "test", ["a", "b"], 2)
    _, description, _ = obtain(params(tmp_path, prepare="none"))
    assert (description.train, description.test) == (12, 4)
    assert f"set it to {description.sha256}" in capsys.readouterr().out
    (tmp_path / "test/c").mkdir()
    write(tmp_path / "test/other", ["c"], 1)
    said = refused(tmp_path, prepare="none")
    assert f"{tmp_path}/train/c: expected pictures" in said
    assert f"{tmp_path}/test/c: expected pictures" in said


def test_names_may_be_given_and_so_put_in_order(tmp_path):
    write(tmp_path / "x", ["a", "b", "c"])
    given = params(tmp_path / "x", prepare="none", classes=["c", "a", "b"], title="Three")
    _, description, _ = obtain(given)
    assert (description.classes, description.title) == (["c", "a", "b"], "Three")
    said = refused(tmp_path / "x", prepare="none", classes=["a", "b", "d"])
    assert "expected the classes of fetch.classes, got a, b, c" in said


def test_hidden_files_and_what_is_no_picture_are_passed_over(tmp_path):
    folder = write(tmp_path / "x", ["a", "b"])
    (folder / ".git").mkdir()
    for name in ("._0.png", ".hidden.png", "notes.txt"):
        (folder / "a" / name).write_text("no picture")
    _, description, _ = obtain(params(folder, prepare="none"))
    assert (description.classes, description.train + description.test) == (["a", "b"], 10)


@pytest.mark.fault("fetch: a folder of pictures", tried=6)
def test_faults_are_told_in_one_line_the_first_five_and_the_count(tmp_path):
    assert "expected a folder for each of 2 to 1,000 classes, got 0" in refused(tmp_path)
    folder = write(tmp_path / "x", ["a", "b"], 8)
    (folder / "empty").mkdir()
    assert f"{folder}/empty: expected pictures (.bmp " in refused(folder, prepare="none")
    (folder / "empty").rmdir()
    for number in range(8):
        (folder / f"a/{number}.png").write_bytes(b"no picture")
    said = refused(folder, prepare="none")
    assert (said.count("expected a picture"), said.endswith("; and 3 more")) == (5, True)
    write(tmp_path / "y", ["a", "b"])
    Image.new("L", (9, 9)).save(tmp_path / "y/b/0.png")
    said = refused(tmp_path / "y", prepare="none")
    assert " pixels, where others have " in said
    assert said.endswith("Set fetch.prepare to resize, and fetch.size")
    assert "fetch.size" in refused(tmp_path / "y", prepare="resize")
    assert "two digits?" in refused(letters(tmp_path / "z", [11, 7]), prepare="mnist")


def letters(folder, numbers):
    """Pictures of numbers, drawn."""
    for number in numbers:
        (folder / str(number)).mkdir(parents=True)
        for size in (60, 80, 100):
            digits = [np.asarray(draw(int(digit), size)) for digit in str(number)]
            Image.fromarray(np.hstack(digits)).save(folder / str(number) / f"{size}.png")
    return folder


def test_pictures_are_prepared_as_mnists_were(tmp_path):
    folder = letters(tmp_path / "drawn", [3, 7])
    dataset, description, _ = obtain(params(folder))
    assert dataset.train_images.shape[1:] == (28, 28)
    assert (description.classes, description.noun) == (["3", "7"], "digit")
    boxes = [np.argwhere(image) for image in dataset.train_images]
    assert {np.ptp(box, axis=0).max() + 1 for box in boxes} == {20}


def test_pictures_of_any_size_are_scaled_on_their_backgrounds_colour(tmp_path):
    folder = write(tmp_path / "x", ["a", "b"], 3, (40, 90), ".jpg", colour=True)
    Image.new("RGB", (50, 300), (200, 200, 200)).save(folder / "b/tall.webp")
    dataset, *_ = obtain(params(folder, prepare="resize", size=[20, 30]))
    images = np.concatenate([dataset.train_images, dataset.test_images])
    assert images.shape == (7, 20, 30)
    assert any((image == 200).all() for image in images)  # what was added is of the same grey


def test_more_than_256_classes_are_told_apart(tmp_path):
    write(tmp_path / "x", [str(n) for n in range(300)], 3, (8, 8))
    dataset, description, _ = obtain(params(tmp_path / "x", prepare="none"))
    assert dataset.train_labels.dtype == dataset.test_labels.dtype == np.uint16
    assert description.classes[299] == "299"
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    assert np.bincount(labels).tolist() == [3] * 300


def test_a_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "mine", ["a", "b"])
    _, description, where = obtain(params(f"~{os.sep}mine", prepare="none"))
    assert (description.title, where) == ("mine", f"~{os.sep}mine")
