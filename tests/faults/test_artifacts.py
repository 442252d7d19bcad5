"""Files that were damaged after they were made: the stage that meets one refuses it."""

import io
import json
import re
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from digits.cli import summary
from digits.models.backend import keras
from tests.faults.ending import fails, main_of, repro_restores
from tests.test_map import MAP, MODELS, outputs


def readers(path):
    return [stage for stage in MAP if path in MAP[stage].get("deps", [])]


def packed(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def damages(good, name):
    """The content of damaged files, by what is wrong with them."""
    array = np.load(io.BytesIO(good))
    yield "missing", None
    yield "emptied", b""
    yield "cut in the header", good[:50]
    yield "cut in the values", good[:-1]
    yield "flipped bit in the magic", b"\x92" + good[1:]
    yield "flipped bit in the header", good[:60] + bytes([good[60] ^ 64]) + good[61:]
    yield "a header of code", b"\x93NUMPY\x01\x00\x1c\x00__import__('os').mkdir('spy" + good
    yield "no array", b"<html></html>"
    yield "objects", packed(np.array([{}], object))
    yield "dtype", packed(array.astype(np.float64))
    yield "rank", packed(array[None])
    yield "2^40 announced", good.replace(str(array.shape).encode(), f"({2**40},)".encode(), 1)
    if "images" in name:
        yield "another shape", packed(array[..., 1:])
    if array.size:
        yield "length", packed(np.concatenate([array, array[:1]]))
    if array.size and "labels" in name:
        yield "out of range", packed(np.where(np.arange(len(array)) == 5, 10, array).astype("u1"))
    if "validation" not in name:
        yield "no examples", packed(array[:0])
        if "labels" in name:
            yield "a single class", packed(np.full_like(array, 3))


ARRAYS = [path for stage in MAP for _, path, _ in outputs(MAP[stage]) if path.endswith(".npy")]


def tried(path):
    """How often a damaged array is met: by each stage that reads it."""
    shape = (0 if "validation" in path else 30, *((3,) if "images" in path else ()))
    return len(list(damages(packed(np.zeros(shape, np.uint8)), path))) * len(readers(path))


CASES = [
    pytest.param(
        path,
        marks=pytest.mark.fault(
            f"artifacts: a damaged array in {path.rpartition('/')[0]}", tried=tried(path)
        ),
    )
    for path in ARRAYS
]


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_array(project, name, request):
    lock = project.path("dvc.lock").read_bytes()
    good = project.path(name).read_bytes()
    refused = 0
    for damage, content in damages(good, name):
        project.path(name).unlink(missing_ok=True)
        if content is not None:
            project.path(name).write_bytes(content)
        for stage in readers(name):
            message = fails(project, main_of(stage))
            assert re.sub("_(images|labels).npy", "", name) in message, damage
            assert "`dvc repro` rebuilds it" in message, damage
            refused += 1
    assert refused == request.node.get_closest_marker("fault").kwargs["tried"]
    repro_restores(project, lock)
    assert project.path(name).read_bytes() == good


SEEN_BY_DVC = [path for path in ARRAYS if "train_images" in path]
SEEN_BY_DVC += [f"models/{name}.keras" for name in MODELS]


@pytest.mark.fault("artifacts: what only DVC can see", tried=len(SEEN_BY_DVC))
def test_dvc_sees_flipped_bits_that_a_stage_cannot(project):
    """Other weights; pixels that are no numbers."""
    lock = project.path("dvc.lock").read_bytes()
    good = {name: project.path(name).read_bytes() for name in SEEN_BY_DVC}
    for name, content in good.items():
        project.path(name).unlink()
        project.path(name).write_bytes(content[:-2004] + b"\xff" * 4 + content[-2000:])
    assert all(name in project.run("dvc", "status") for name in good)
    repro_restores(project, lock)
    assert {name: project.path(name).read_bytes() for name in good} == good


def keras_file(*layers, pixels=784):
    """A model as Keras saves it."""
    model = keras.Sequential([keras.Input((pixels,)), *layers])
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "model.keras"))
        return Path(folder, "model.keras").read_bytes()


def with_config(good, change):
    """A .keras file in which `change` has been at work on the configuration."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return file.getvalue()


def set_layer(**entries):
    return lambda config: config["config"]["layers"][-1].update(entries)


def calls(module, name):
    """A layer that is a function: what hostile files name to have it called."""
    return set_layer(module=module, class_name="function", config=name, registered_name=name)


def with_weights(good, change):
    """A .keras file in which `change` has been at work on the kernel of the first dense layer."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "model.weights.h5":
                weights = io.BytesIO(content)
                with h5py.File(weights, "r+") as opened:
                    group = opened["layers/dense/vars"]
                    del group["0"]
                    change(group)
                content = weights.getvalue()
            new.writestr(name, content)
    return file.getvalue()


def bomb(good, member):
    """A .keras file of which a part unpacks to a thousand times its size."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) if name != member else b"", zipfile.ZIP_STORED)
            if name == member:
                pass
    return file.getvalue()


def models(good):
    dense = keras.layers.Dense

    def head():
        return dense(10, activation="sigmoid")

    spy = "__import__('os').mkdir('unpickled')"
    yield "missing", None
    yield "emptied", b""
    yield "cut short", good[: len(good) // 2]
    yield "flipped bytes", good[:3000] + bytes(300) + good[3300:]
    yield "no zip", b"\x89HDF\r\n\x1a\n" + bytes(100)
    yield "other input", keras_file(head(), pixels=100)
    yield "other output", keras_file(dense(9, activation="sigmoid"))
    yield "other activation", keras_file(dense(10, activation="softmax"))
    yield "no dense layer at the end", keras_file(dense(10), keras.layers.ReLU())
    yield "a lambda", keras_file(keras.layers.Lambda(lambda x: x[:, :10]), head())
    yield "another class", with_config(good, set_layer(class_name="Popen", module="subprocess"))
    yield "a custom layer", with_config(good, set_layer(class_name="Spy", registered_name="x>Spy"))
    yield "a function of os", with_config(good, calls("os", "mkdir"))
    yield "a function of builtins", with_config(good, calls("builtins", "exec"))
    yield "a function of Keras", with_config(good, calls("keras.utils", "get_file"))
    yield (
        "code for a lambda",
        with_config(
            good,
            set_layer(
                module="keras.layers",
                class_name="Lambda",
                registered_name=None,
                config={"function": {"class_name": "__lambda__", "config": {"code": spy}}},
            ),
        ),
    )
    yield "no configuration", with_config(good, lambda config: config.clear())


@pytest.mark.fault("artifacts: a damaged or hostile model", tried=17)
@pytest.mark.parametrize("name", ["basic", "hidden"])
def test_a_damaged_or_hostile_model(project, name):
    lock = project.path("dvc.lock").read_bytes()
    path = project.path(f"models/{name}.keras")
    good = path.read_bytes()
    tried = 0
    for damage, content in models(good):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        message = fails(project, main_of("evaluate"))
        assert message.startswith(f"error: models/{name}.keras"), damage
        assert "`dvc repro` rebuilds it" in message, damage
        assert not project.path("unpickled").exists()
        tried += 1
    assert tried == 17
    repro_restores(project, lock)
    assert path.read_bytes() == good


METRICS = [
    b"",
    b"{",
    b"<html>",
    b"[]",
    b"3",
    b'{"basic": 3}',
    b'{"basic": {"accuracy": "x"}}',
]


@pytest.mark.fault("artifacts: metrics that are none", tried=2 * len(METRICS) + 1)
def test_metrics_that_are_none(project):
    lock = project.path("dvc.lock").read_bytes()
    names = ("metrics/train_basic.json", "metrics/evaluation.json")
    good = {name: project.path(name).read_bytes() for name in names}
    for name in names:
        for content in [*METRICS, b"[" * 10**5][name == "metrics/evaluation.json" :]:
            project.path(name).write_bytes(content)
            message = fails(project, lambda: summary.main(SimpleNamespace()))
            assert "metrics/" in message
            assert "`dvc repro` rebuilds it" in message
        project.path(name).write_bytes(good[name])
    for name in names:
        project.path(name).write_bytes(b"")
    repro_restores(project, lock)
