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

from digits.backend import keras
from digits.cli import summary
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


FOLDERS = {path.rpartition("/")[0]: [] for path in ARRAYS}
for path in ARRAYS:
    FOLDERS[path.rpartition("/")[0]].append(path)
CASES = [
    pytest.param(
        paths,
        id=folder,
        marks=pytest.mark.fault(
            f"artifacts: a damaged array in {folder}", tried=sum(map(tried, paths))
        ),
    )
    for folder, paths in FOLDERS.items()
]


@pytest.mark.parametrize("names", CASES)
def test_a_damaged_array(project, names, request):
    lock = project.path("dvc.lock").read_bytes()
    good = {name: project.path(name).read_bytes() for name in names}
    refused = 0
    for name in names:
        for damage, content in damages(good[name], name):
            project.path(name).unlink(missing_ok=True)
            if content is not None:
                project.path(name).write_bytes(content)
            for stage in readers(name):
                message = fails(project, main_of(stage))
                assert re.sub("_(images|labels).npy", "", name) in message, damage
                assert "`dvc repro` rebuilds it" in message, damage
                refused += 1
        project.path(name).write_bytes(good[name])
    assert refused == request.node.get_closest_marker("fault").kwargs["tried"]
    for name in names:
        project.path(name).write_bytes(good[name][:-1])
    repro_restores(project, lock)
    assert {name: project.path(name).read_bytes() for name in names} == good


SEEN_BY_DVC = [path for path in ARRAYS if "train_images" in path]
SEEN_BY_DVC += [f"models/{name}.keras" for name in MODELS]


@pytest.mark.slow
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


def repacked(good, member, change, method=zipfile.ZIP_STORED):
    """A .keras file in which `change` has been at work on the bytes of a member."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == member:
                new.writestr(name, change(content), method)
            else:
                new.writestr(name, content)
    return file.getvalue()


def with_config(good, change):
    def work(content):
        config = json.loads(content)
        change(config)
        return json.dumps(config).encode()

    return repacked(good, "config.json", work)


def with_kernel(good, put):
    """A .keras file whose first kernel `put` has put in the place of the good one."""

    def work(content):
        file = io.BytesIO(content)
        with h5py.File(file, "r+") as weights:
            group = weights["layers/dense/vars"]
            del group["0"]
            put(group)
        return file.getvalue()

    return repacked(good, "model.weights.h5", work)


def set_layer(**entries):
    return lambda config: config["config"]["layers"][-1].update(entries)


def calls(module, name):
    """A layer that is a function: what hostile files name to have it called."""
    return set_layer(module=module, class_name="function", config=name, registered_name=name)


def elsewhere(group):
    """A kernel that is put together from another file."""
    layout = h5py.VirtualLayout((784, 10), np.float32)
    layout[:] = h5py.VirtualSource("/etc/passwd", "a", shape=(784, 10))
    group.create_virtual_dataset("0", layout)


dense = keras.layers.Dense
KERNELS = {
    "in another file": {"shape": (784, 10), "dtype": "f4", "external": [("/etc/passwd", 0, 31360)]},
    "without end": {"shape": (784, 10), "dtype": "f4", "external": [("/dev/zero", 0, 2**40)]},
    "of 2^40 numbers": {"shape": (2**20, 2**20), "dtype": "f4", "chunks": (1024, 1024)},
    "of another dtype": {"data": np.zeros((784, 10))},
    "of text": {"data": ["a"], "dtype": h5py.string_dtype()},
    "of another shape": {"data": np.zeros((784, 5), np.float32)},
    "of another rank": {"data": np.zeros((784, 1, 10), np.float32)},
}
LINKS = [h5py.ExternalLink("/etc/passwd", "a"), h5py.SoftLink("/layers/dense/vars/0")]
CODE = {
    "class_name": "Lambda",
    "module": "keras.layers",
    "registered_name": None,
    "config": {
        "function": {
            "class_name": "__lambda__",
            "config": {"code": "__import__('os').mkdir('unpickled')"},
        }
    },
}
HOSTILE = {
    "missing": lambda good: None,
    "emptied": lambda good: b"",
    "cut short": lambda good: good[: len(good) // 2],
    "flipped bytes": lambda good: good[:3000] + bytes(300) + good[3300:],
    "no zip": lambda good: b"\x89HDF\r\n\x1a\n" + bytes(100),
    **{
        f"a bomb in {member}": lambda good, member=member: repacked(
            good, member, lambda content: bytes(2**25) + content, zipfile.ZIP_DEFLATED
        )
        for member in ("config.json", "model.weights.h5")
    },
    "brackets without end": lambda good: repacked(good, "config.json", lambda _: b"[" * 10**5),
    "no configuration": lambda good: with_config(good, lambda config: config.clear()),
    **{
        f"a kernel {kind}": lambda good, options=options: with_kernel(
            good, lambda group: group.create_dataset("0", **options)
        )
        for kind, options in KERNELS.items()
    },
    **{
        f"a kernel by {type(link).__name__}": lambda good, link=link: with_kernel(
            good, lambda group: group.__setitem__("0", link)
        )
        for link in LINKS
    },
    "a kernel from another file": lambda good: with_kernel(good, elsewhere),
    "no kernel": lambda good: with_kernel(good, lambda group: None),
    "other input": lambda good: keras_file(dense(10), pixels=100),
    "other output": lambda good: keras_file(dense(9)),
    "other activation": lambda good: keras_file(dense(10, activation="relu")),
    "no dense layer at the end": lambda good: keras_file(dense(10), keras.layers.ReLU()),
    "a lambda": lambda good: keras_file(keras.layers.Lambda(lambda x: x[:, :10]), dense(10)),
    "another class": lambda good: with_config(
        good, set_layer(class_name="Popen", module="subprocess")
    ),
    "a custom layer": lambda good: with_config(
        good, set_layer(class_name="Spy", registered_name="x>Spy")
    ),
    "a function of os": lambda good: with_config(good, calls("os", "mkdir")),
    "a function of builtins": lambda good: with_config(good, calls("builtins", "exec")),
    "a function of Keras": lambda good: with_config(good, calls("keras.utils", "get_file")),
    "code for a lambda": lambda good: with_config(good, set_layer(**CODE)),
}


@pytest.mark.fault(
    "artifacts: a damaged or hostile model",
    tried=len(HOSTILE) * len(readers(f"models/{MODELS[0]}.keras")),
)
@pytest.mark.parametrize("name", MODELS)
def test_a_damaged_or_hostile_model(project, name):
    """Whatever stage meets it: nothing in it is run."""
    lock = project.path("dvc.lock").read_bytes()
    path = project.path(f"models/{name}.keras")
    good = path.read_bytes()
    for damage, spoil in HOSTILE.items():
        content = spoil(good)
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        for stage in readers(f"models/{name}.keras"):
            message = fails(project, main_of(stage))
            assert message.startswith(f"error: models/{name}.keras"), damage
            assert "`dvc repro`" in message, damage
            assert "rebuilds it" in message, damage
            assert not project.path("unpickled").exists()
    repro_restores(project, lock)
    assert path.read_bytes() == good


BAD = [b"", b"{", b"<html>", b"[]", b"3", b"[" * 10**5]
METRICS = ["metrics/evaluation.json", "metrics/robustness.json"]
METRICS += [f"metrics/train_{name}.json" for name in MODELS]


@pytest.mark.fault("artifacts: metrics that are none", tried=len(METRICS) * (len(BAD) + 2))
def test_metrics_that_are_none(project):
    lock = project.path("dvc.lock").read_bytes()
    bad = [*BAD, *(json.dumps(dict.fromkeys(MODELS, each)).encode() for each in (3, {"x": "y"}))]
    for name in METRICS:
        good = project.path(name).read_bytes()
        for content in bad:
            project.path(name).write_bytes(content)
            message = fails(project, lambda: summary.main(SimpleNamespace()))
            assert "metrics/" in message
            assert "`dvc repro` rebuilds it" in message
        project.path(name).write_bytes(good)
    for name in METRICS:
        project.path(name).write_bytes(b"")
    repro_restores(project, lock)
