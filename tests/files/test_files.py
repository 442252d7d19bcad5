import json

import numpy as np
import pytest

from digits.data import description, stored
from digits.errors import ArtifactError
from digits.files import arrays, atomic, tables
from tests.conftest import described


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic.replacing(str(path)) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_write_left_is_replaced_by_the_next(tmp_path):
    (tmp_path / ".result.json.123.tmp").write_text("left behind")
    (tmp_path / ".other.json.123.tmp").write_text("not this one's")
    atomic.write_json(str(tmp_path / "result.json"), {"a": 1})
    assert {path.name for path in tmp_path.iterdir()} == {".other.json.123.tmp", "result.json"}


def test_json_ends_with_a_newline_and_refuses_nan(tmp_path):
    path = tmp_path / "new" / "result.json"
    atomic.write_json(str(path), {"accuracy": 0.5})
    assert path.read_bytes() == b'{\n  "accuracy": 0.5\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        atomic.write_json(str(path), {"accuracy": float("nan")})
    assert json.loads(path.read_text()) == {"accuracy": 0.5}


@pytest.fixture
def folder(tmp_path, monkeypatch, dataset):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/processed").mkdir(parents=True)
    atomic.write_json(description.FILE, described(dataset).model_dump())
    return tmp_path / "data/processed"


@pytest.mark.parametrize("shape", [(3, 784), (0, 784)])
def test_examples_come_back_as_they_were_written(folder, shape):
    images = np.linspace(0, 1, np.prod(shape), dtype=np.float32).reshape(shape)
    labels = np.arange(len(images), dtype=np.uint8)
    arrays.write_array("data/processed/train_images.npy", images)
    arrays.write_array("data/processed/train_labels.npy", labels)
    np.save(folder / "as_numpy.npy", images)
    assert (folder / "as_numpy.npy").read_bytes() == (folder / "train_images.npy").read_bytes()
    got = stored.read_examples("train", classes=0)
    np.testing.assert_array_equal(got.images, images)
    np.testing.assert_array_equal(got.labels, labels)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 784)), r"expected float32 \(n, 784\), got float64 \(3, 784\)"),
        (np.zeros((3, 783), np.float32), r"expected float32 \(n, 784\), got float32 \(3, 783\)"),
        (np.zeros(784, np.float32), r"expected float32 \(n, 784\), got float32 \(784,\)"),
        (np.array([{}], object), "cannot be read"),
    ],
)
def test_an_array_of_another_form_is_refused(folder, array, message):
    np.save(folder / "train_images.npy", array, allow_pickle=True)
    with pytest.raises(ArtifactError, match=message):
        stored.read_examples("train")


@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY", b"not an array"])
def test_a_missing_or_damaged_array_is_refused(tmp_path, content):
    path = tmp_path / "labels.npy"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"labels.npy cannot be read: .*`dvc repro` rebuilds"):
        arrays.read_array(str(path), np.uint8, None)


def test_tables_come_back_rounded_with_nothing_where_there_was_nothing(tmp_path):
    path = f"{tmp_path}/bins.csv"
    tables.write_csv(path, {"count": np.array([0, 3]), "accuracy": [float("nan"), 2 / 3]})
    assert (tmp_path / "bins.csv").read_text() == "count,accuracy\n0,\n3,0.666667\n"
    table = tables.read_csv(path)
    assert table["count"].tolist() == [0, 3]
    assert np.isnan(table["accuracy"][0])


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\xfa", b'a,b\n"1'])
def test_a_missing_or_damaged_table_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "history.csv").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"history.csv cannot be read: .*`dvc repro` rebuilds"):
        tables.read_csv(f"{tmp_path}/history.csv")


def test_a_part_of_a_file_is_mapped_anew_from_where_it_lies(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(24, dtype=np.int32).reshape(6, 4))
    whole = np.load(tmp_path / "a.npy", mmap_mode="r")
    for part in (whole, whole[2:], whole[1:][2:4]):
        again = arrays.remap(part)
        assert not np.shares_memory(again, part)
        np.testing.assert_array_equal(again, part)
    for other in (whole[::2], whole[:0], np.arange(3), np.load(tmp_path / "a.npy", mmap_mode="c")):
        assert arrays.remap(other) is other


def test_tables_below_each_other_name_their_model():
    table = tables.stacked({"one": {"a": [1, 2]}, "two": {"a": [3]}}, "model")
    assert {name: column.tolist() for name, column in table.items()} == {
        "model": ["one", "one", "two"],
        "a": [1, 2, 3],
    }
