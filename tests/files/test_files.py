import json

import numpy as np
import psutil
import pytest

from digits.errors import ArtifactError, OutputError
from digits.files import arrays, atomic, tables


def test_a_write_is_whole_or_leaves_the_old_file_and_removes_what_a_killed_one_left(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    (tmp_path / ".result.json.123.tmp").write_text("left behind")
    (tmp_path / ".other.json.123.tmp").write_text("of another file")
    with pytest.raises(KeyboardInterrupt), atomic.replacing(str(path)) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {".other.json.123.tmp", "result.json"}


def test_json_ends_with_a_newline_and_refuses_nan(tmp_path):
    path = tmp_path / "new" / "result.json"
    atomic.write_json(str(path), {"accuracy": 0.5})
    assert path.read_bytes() == b'{\n  "accuracy": 0.5\n}\n'
    with pytest.raises(OutputError, match=r"result\.json cannot be written: .* NaN or infinite"):
        atomic.write_json(str(path), {"accuracy": float("nan")})
    assert json.loads(path.read_text()) == {"accuracy": 0.5}


@pytest.mark.parametrize("shape", [(3, 784), (0, 784)])
def test_arrays_come_back_as_they_were_written_and_with_numpys_bytes(tmp_path, shape):
    images = np.linspace(0, 1, np.prod(shape), dtype=np.float32).reshape(shape)
    arrays.write_array(f"{tmp_path}/images.npy", images)
    np.save(tmp_path / "as_numpy.npy", images)
    assert (tmp_path / "as_numpy.npy").read_bytes() == (tmp_path / "images.npy").read_bytes()
    got = arrays.read_array(f"{tmp_path}/images.npy", np.float32, None, 784)
    np.testing.assert_array_equal(got, images)
    for wrong in ((np.float64, None, 784), (np.float32, None, 28, 28), (np.float32, 9, 784)):
        with pytest.raises(ArtifactError, match=r"expected .*, got float32 \(., 784\)"):
            arrays.read_array(f"{tmp_path}/images.npy", *wrong)


@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY", b"\xff\xfe\xfa", b'a,b\n"1'])
@pytest.mark.parametrize(
    "read",
    [lambda path: arrays.read_array(path, np.uint8, None), tables.read_csv, atomic.read_json],
)
def test_a_missing_or_damaged_file_is_refused(tmp_path, read, content):
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"file cannot be read: .*`dvc repro` rebuilds"):
        read(f"{tmp_path}/file")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tables_are_rounded_and_have_nothing_for_nan(tmp_path, dtype):
    path = f"{tmp_path}/bins.csv"
    first = {"model": "a", "count": np.array([0, 3]), "accuracy": np.array([np.nan, 2 / 3], dtype)}
    tables.write_csv(path, first, [{"model": "b", "count": 5, "accuracy": 1.0}])
    text = (tmp_path / "bins.csv").read_text()
    assert text == "model,count,accuracy\na,0,\na,3,0.666667\nb,5,1.0\n"
    assert tables.read_csv(path)["count"].tolist() == [0, 3, 5]


def test_names_in_a_table_are_numbers_for_who_knows_them(tmp_path):
    path, names = f"{tmp_path}/x.csv", ["NA", "a,b", 'quo"te']
    tables.write_csv(path, {"class": np.array([2, 0, 1, 0], np.uint8)}, **{"class": names})
    places = {name: place for place, name in enumerate(names)}
    assert tables.read_csv(path, **{"class": places})["class"].tolist() == [2, 0, 1, 0]
    with pytest.raises(ArtifactError, match="there is no 'NA'"):
        tables.read_csv(path, **{"class": {'quo"te': 0}})


def test_the_pages_of_a_file_that_were_read_do_not_stay_in_memory(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((30, 2**20), np.uint8))
    part, process = np.load(tmp_path / "a.npy", mmap_mode="r")[2:], psutil.Process()
    before = process.memory_info().rss
    assert part.sum(dtype=int) == 28 * 2**20
    assert process.memory_info().rss > before + 2e7
    assert arrays.release(part) is part
    assert process.memory_info().rss < before + 1e7
    assert part.sum(dtype=int) == 28 * 2**20
    assert arrays.release(part[[1, 2]]).shape == (2, 2**20)
