"""Folders of pictures: a folder in it for each class."""

import os

import numpy as np
import pytest
from PIL import Image

from digits.data.dataset import content_sha256
from digits.datasets import cache
from digits.datasets import folder as module
from digits.datasets.folder import _natural
from digits.datasets.sources import fetch_dataset
from digits.errors import SourceError
from tests.datasets.test_sources import params
from tests.strokes import draw


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Keep no images of pictures in the working copy."""
    monkeypatch.setattr(cache, "FILE", tmp_path / "cache/pictures.npz")


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


def refused(source, *arguments, **changes):
    with pytest.raises(SourceError) as fault:
        fetch(source, *arguments, **changes)
    return str(fault.value)


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
    for path in sorted(one.rglob("*.png"), reverse=True):  # made in another order
        (tmp_path / "two" / path.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "two" / path.relative_to(one)).write_bytes(path.read_bytes())
    sha256 = fetch(one)[1].sha256
    assert fetch(tmp_path / "two")[1].sha256 == sha256
    assert fetch(one, seed=1)[1].sha256 != sha256
    assert sorted(["00", "1", "0"], key=_natural) == sorted(["0", "00", "1"], key=_natural)


def test_a_folder_for_testing_is_the_test_split(tmp_path, capsys):
    write(tmp_path / "train", ["a", "b"], 6)
    write(tmp_path / "test", ["a", "b"], 2)
    _, info, _ = fetch(tmp_path, classes=["b", "a"], title="Two")
    assert (info.train, info.test, info.classes, info.title) == (12, 4, ["b", "a"], "Two")
    assert f"set it to {info.sha256}" in capsys.readouterr().out
    message = refused(tmp_path, classes=["a", "c"])
    assert "expected the classes of fetch.classes, got a, b" in message
    (tmp_path / "test/c").mkdir()
    message = refused(tmp_path)
    assert f"{tmp_path}/train/c: expected 1 pictures or more" in message
    assert f"{tmp_path}/test/c: expected 1 pictures or more" in message


def test_the_first_five_faults_and_their_number_are_one_line(tmp_path):
    folder = write(tmp_path / "x", ["a", "b"], 8)
    (folder / "c").mkdir()
    (folder / "c/1.png").touch()
    assert f"{folder}/c: expected 2 pictures or more (.bmp .gif" in refused(folder)
    (folder / "c").rename(folder / ".c")
    for number in range(8):
        (folder / f"a/{number}.png").write_bytes(b"no picture")
    message = refused(folder)
    assert (message.count("expected a picture"), message.endswith("; and 3 more")) == (5, True)
    write(tmp_path / "y", ["a", "b"])
    for name in "ab":
        Image.new("L", (9, 9)).save(tmp_path / f"y/{name}/0.png")
    message = refused(tmp_path / "y")
    assert "expected 32 x 24 pixels, got 9 x 9: set fetch.prepare to resize" in message
    assert "fetch.size" in refused(tmp_path / "y", prepare="resize")
    assert "\n" not in message


def test_pictures_are_prepared_as_mnists_were(tmp_path):
    for number in ("3", "7", "11"):
        (tmp_path / "drawn" / number).mkdir(parents=True)
        for size in (60, 80, 100):
            digits = [np.asarray(draw(int(digit), size)) for digit in number]
            Image.fromarray(np.hstack(digits)).save(tmp_path / f"drawn/{number}/{size}.png")
    assert "two digits?" in refused(tmp_path / "drawn", prepare="mnist")
    (tmp_path / "drawn/11").rename(tmp_path / "drawn/.11")
    dataset, info, _ = fetch(tmp_path / "drawn", prepare="mnist")
    assert dataset.train_images.shape[1:] == (28, 28)
    assert (info.classes, info.noun) == (["3", "7"], "digit")
    boxes = [np.argwhere(image) for image in dataset.train_images]
    assert {np.ptp(box, axis=0).max() + 1 for box in boxes} == {20}


def test_what_is_passed_over_is_counted(tmp_path, capsys):
    folder = write(tmp_path / "x", ["cat", "dog"], 3)
    write(folder, ["cat/2023"], 4)
    for name in ("cat/a.HEIC", "cat/b.heic", "dog/._1.png", "labels.csv", "val/1/1.png", "dog/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    assert "x/val: expected 2 pictures or more (.bmp .gif" in refused(folder)
    (folder / "val").rename(folder / ".val")
    capsys.readouterr()
    fetch(folder)
    assert capsys.readouterr().out.splitlines()[0] == (
        "fetch: 6 pictures in 2 classes (6 .png); passed over 4 .png in cat/2023 (a folder that is "
        "not read), 2 .heic in cat (a format that is not read), 2 hidden files, 1 .csv in "
        f"{folder} (a format that is not read), 1 without suffix in dog (a format that is not read)"
    )
    assert "passed over 3 .png in train/cat (a folder that is not read)" in refused(
        write(tmp_path / "y/train", ["cat"], 3).parent, prepare="none"
    )


@pytest.mark.parametrize("held_out", [0.01, 0.9])
def test_each_class_has_an_image_in_each_split_however_many_there_are(tmp_path, held_out):
    sizes = [40, *[2] * 299]
    for place, count in enumerate(sizes):
        write(tmp_path / "x", [str(place)], count, (8, 8))
    dataset, info, _ = fetch(tmp_path / "x", held_out=held_out)
    assert dataset.train_labels.dtype == dataset.test_labels.dtype == np.uint16
    counts = [np.bincount(labels, minlength=300) for labels in dataset[1::2]]
    assert min(map(min, counts)) >= 1
    assert sum(counts).tolist() == sizes
    assert info.classes[299] == "299"


def test_images_that_mislead(tmp_path, capsys):
    """Four pictures a class; one is in both classes and splits, one twice, one is grey."""
    for split, count in (("train", 4), ("test", 4)):
        write(tmp_path / "x" / split, ["a", "b"], count)
    random = np.random.default_rng(0)
    for path in (tmp_path / "x").rglob("*.png"):
        Image.fromarray(random.integers(0, 255, (32, 24)).astype(np.uint8)).save(path)
    (tmp_path / "x/test/b/0.png").write_bytes((tmp_path / "x/train/a/0.png").read_bytes())
    (tmp_path / "x/test/b/1.png").write_bytes((tmp_path / "x/train/b/1.png").read_bytes())
    Image.new("L", (24, 32), 7).save(tmp_path / "x/train/b/2.png")
    info = fetch(tmp_path / "x")[1]
    printed = capsys.readouterr().out
    for line in (
        "fetch: 1 of 16 images have no contrast, as train/b/2.png",
        "fetch: 2 of 16 images are in two classes, as train/a/0.png",
        "fetch: 2 of 16 images are for training and for testing, as train/",
    ):
        assert line in printed
    assert (info.train, info.test) == (8, 8)
    assert "1 of 16 images have no contrast" in refused(tmp_path / "x", duplicates="refuse")
    dropped, fewer, _ = fetch(tmp_path / "x", info.sha256, duplicates="drop")
    assert (fewer.train, fewer.test) == (5, 7)
    assert fewer.sha256 == content_sha256(dropped) != info.sha256
    left = {image.tobytes() for image in dropped.train_images}
    assert not left & {image.tobytes() for image in dropped.test_images}


def test_a_picture_that_was_read_is_not_read_again(tmp_path, monkeypatch):
    folder, read = write(tmp_path / "x", ["a", "b"], 20), []
    each = module.read_each
    monkeypatch.setattr(module, "read_each", lambda *words: read.append(words[1]) or each(*words))
    first = fetch(folder)[1].sha256
    assert fetch(folder)[1].sha256 == first
    (folder / "b/new.png").write_bytes((folder / "a/1.png").read_bytes())
    (folder / "a/0.png").write_bytes((folder / "a/2.png").read_bytes())
    (folder / "a/bad.png").write_bytes(b"no picture")
    assert "a/bad.png: expected a picture" in refused(folder)
    (folder / "a/bad.png").unlink()
    fetch(folder)
    fetch(folder, prepare="resize", size=[8, 8])
    cache.FILE.write_bytes(cache.FILE.read_bytes()[:999])
    fetch(folder, prepare="resize", size=[8, 8])
    assert [len(names) for names in read] == [40, 0, 3, 0, 41, 41]
    assert sorted(read[2]) == [f"{folder}/a/0.png", f"{folder}/a/bad.png", f"{folder}/b/new.png"]
