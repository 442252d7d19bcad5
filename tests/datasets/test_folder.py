"""Folders of pictures: a folder in it for each class."""

import os

import numpy as np
from PIL import Image

from digits.data.dataset import content_sha256
from digits.datasets.folder import _natural
from digits.datasets.sources import fetch_dataset
from tests.datasets.test_sources import params, refused
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


def fetch(source, *arguments, **changes):
    return fetch_dataset(params(source, *arguments, **{"prepare": "none"} | changes))


def test_classes_are_in_natural_order_and_pictures_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = write(tmp_path / "mine", ["class 10", "class 9", "äpfel"])
    (folder / ".git").mkdir()
    for name in ("._0.png", ".hidden.png", "notes.txt"):
        (folder / "äpfel" / name).write_text("no picture")
    dataset, info, source = fetch(f"~{os.sep}mine")
    assert (info.title, info.noun, info.prepare, source) == ("mine", "image", "none", "~/mine")
    assert info.classes == ["class 9", "class 10", "äpfel"]
    assert (info.height, info.width, info.train, info.test) == (32, 24, 12, 3)
    for images, labels in (dataset[:2], dataset[2:]):
        for image, label in zip(images, labels, strict=True):
            paths = (folder / info.classes[label]).glob("[0-9].png")
            assert any((image == np.asarray(Image.open(path))).all() for path in paths)
    assert np.bincount(dataset.test_labels).tolist() == [1, 1, 1]


def test_the_order_depends_on_names_and_seed_and_not_on_the_file_system(tmp_path):
    one = write(tmp_path / "one", ["a", "b"])
    (tmp_path / "two").mkdir()
    for name in ("b", "a"):  # made in another order
        (tmp_path / "two" / name).mkdir()
        for path in sorted((one / name).iterdir(), reverse=True):
            (tmp_path / "two" / name / path.name).write_bytes(path.read_bytes())
    sha256 = fetch(one)[1].sha256
    assert fetch(tmp_path / "two")[1].sha256 == sha256
    other = params(one, prepare="none").model_copy(update={"seed": 1})
    assert fetch_dataset(other)[1].sha256 != sha256
    assert content_sha256(fetch(one, sha256)[0]) == sha256
    assert f"got {sha256}" in refused(one, "0" * 64, prepare="none")
    assert sorted(["00", "1", "0"], key=_natural) == sorted(["0", "00", "1"], key=_natural)


def test_a_folder_for_testing_is_the_test_split(tmp_path, capsys):
    write(tmp_path / "train", ["a", "b"], 6)
    write(tmp_path / "test", ["a", "b"], 2)
    _, info, _ = fetch(tmp_path)
    assert (info.train, info.test) == (12, 4)
    assert f"set it to {info.sha256}" in capsys.readouterr().out
    (tmp_path / "test/c").mkdir()
    message = refused(tmp_path, prepare="none")
    assert f"{tmp_path}/train/c: expected pictures" in message
    assert f"{tmp_path}/test/c: expected pictures" in message


def test_classes_and_title_of_the_parameters(tmp_path):
    write(tmp_path / "x", ["a", "b", "c"])
    _, info, _ = fetch(tmp_path / "x", classes=["c", "a", "b"], title="Three")
    assert (info.classes, info.title) == (["c", "a", "b"], "Three")
    message = refused(tmp_path / "x", prepare="none", classes=["a", "b", "d"])
    assert "expected the classes of fetch.classes, got a, b, c" in message


def test_the_first_five_faults_and_their_number_are_one_line(tmp_path):
    folder = write(tmp_path / "x", ["a", "b"], 8)
    (folder / "empty").mkdir()
    assert f"{folder}/empty: expected pictures (.bmp " in refused(folder, prepare="none")
    (folder / "empty").rmdir()
    for number in range(8):
        (folder / f"a/{number}.png").write_bytes(b"no picture")
    message = refused(folder, prepare="none")
    assert (message.count("expected a picture"), message.endswith("; and 3 more")) == (5, True)
    write(tmp_path / "y", ["a", "b"])
    for name in "ab":
        Image.new("L", (9, 9)).save(tmp_path / f"y/{name}/0.png")
    message = refused(tmp_path / "y", prepare="none")
    assert "expected 32 x 24 pixels, got 9 x 9: set fetch.prepare to resize" in message
    assert "fetch.size" in refused(tmp_path / "y", prepare="resize")
    assert "two digits?" in refused(draw_numbers(tmp_path / "z", [11, 7]))
    assert "\n" not in message


def draw_numbers(folder, numbers):
    """Pictures of numbers, drawn."""
    for number in numbers:
        (folder / str(number)).mkdir(parents=True)
        for size in (60, 80, 100):
            digits = [np.asarray(draw(int(digit), size)) for digit in str(number)]
            Image.fromarray(np.hstack(digits)).save(folder / str(number) / f"{size}.png")
    return folder


def test_pictures_are_prepared_as_mnists_were(tmp_path):
    dataset, info, _ = fetch(draw_numbers(tmp_path / "drawn", [3, 7]), prepare="mnist")
    assert dataset.train_images.shape[1:] == (28, 28)
    assert (info.classes, info.noun) == (["3", "7"], "digit")
    boxes = [np.argwhere(image) for image in dataset.train_images]
    assert {np.ptp(box, axis=0).max() + 1 for box in boxes} == {20}


def test_pictures_of_any_size_are_scaled_on_their_backgrounds_colour(tmp_path):
    folder = write(tmp_path / "x", ["a", "b"], 3, (40, 90), ".jpg", colour=True)
    Image.new("RGB", (50, 300), (200, 200, 200)).save(folder / "b/tall.webp")
    dataset, *_ = fetch(folder, prepare="resize", size=[20, 30])
    images = np.concatenate([dataset.train_images, dataset.test_images])
    assert images.shape == (7, 20, 30)
    assert any((image == 200).all() for image in images)  # what was added is of the same grey


def test_more_than_256_classes(tmp_path):
    dataset, info, _ = fetch(write(tmp_path / "x", [str(n) for n in range(300)], 3, (8, 8)))
    assert dataset.train_labels.dtype == dataset.test_labels.dtype == np.uint16
    assert info.classes[299] == "299"
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    assert np.bincount(labels).tolist() == [3] * 300
