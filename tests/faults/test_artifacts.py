"""Files that were damaged after they were made: the stage that meets one refuses it."""

import io
import json
import zipfile

import numpy as np
import pytest

from tests.faults.ending import fails, main_of, repro_restores
from tests.pipeline import readers


def packed(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def damages(good, path):
    """What is wrong with a damaged array's file, and its content."""
    array = np.load(io.BytesIO(good))
    yield "missing", None
    yield "cut in the values", good[:-1]
    yield "a header of code", b"\x93NUMPY\x01\x00\x1c\x00__import__('os').mkdir('spy" + good
    yield "objects", packed(np.array([{}], object))
    yield "rank", packed(array[None])
    yield "2^40 announced", good.replace(str(array.shape).encode(), f"({2**40},)".encode(), 1)
    yield "length", packed(np.concatenate([array, array[:1]]))
    yield "no examples", packed(array[:0])
    if "images" in path.name:
        yield "another shape", packed(array[..., 1:])
        return
    yield "out of range", packed(np.where(np.arange(len(array)) == 5, 10, array).astype("u1"))
    if "test" not in path.as_posix():
        yield "a single class", packed(np.full_like(array, 3))


READERS = {
    "data/raw/train_*": ["explore", "preprocess", "report"],
    "data/processed/train/*": ["train_basic"],
    "data/processed/test/*": ["evaluate", "robustness"],
}
"""The stages that open these arrays; the others do it by the same code."""


@pytest.mark.parametrize("pattern", READERS)
def test_a_damaged_array(project, pattern):
    paths = sorted(project.folder.glob(pattern))
    assert len(paths) == 2
    for path in paths:
        good = path.read_bytes()
        for damage, content in damages(good, path):
            path.unlink(missing_ok=True)
            if content is not None:
                path.write_bytes(content)
            for stage in READERS[pattern] if content is None else READERS[pattern][:1]:
                message = fails(project, main_of(stage))
                assert pattern.rstrip("_/*") in message, damage
                assert "`dvc repro` rebuilds it" in message, damage
        path.write_bytes(good)


def repacked(good, member, change, method=zipfile.ZIP_STORED):
    """A .keras file with the bytes of one member replaced by `change` of them."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, *((change(content), method) if name == member else (content,)))
    return file.getvalue()


def with_layer(good, **entries):
    """A .keras file with these entries in the configuration of its last layer."""

    def change(content):
        config = json.loads(content)
        config["config"]["layers"][-1].update(entries)
        return json.dumps(config).encode()

    return repacked(good, "config.json", change)


CODE = {"class_name": "__lambda__", "config": {"code": "__import__('os').mkdir('unpickled')"}}
LAMBDA = {"class_name": "Lambda", "module": "keras.layers", "registered_name": None}
LAYERS = {
    "a lambda": {**LAMBDA, "config": {"function": CODE}},
    "a custom layer": {"class_name": "Spy", "registered_name": "x>Spy"},
    **{
        f"a function of {module}": {
            "class_name": "function", "module": module, "config": name, "registered_name": name
        }
        for module, name in (("builtins", "exec"), ("keras.utils", "get_file"))
    },
}  # fmt: skip


def hostile(good):
    """What is wrong with a damaged or hostile model's file, and its content."""
    yield "missing", None
    yield "cut short", good[: len(good) // 2]
    yield "flipped bytes", good[:3000] + bytes(300) + good[3300:]
    yield "brackets without end", repacked(good, "config.json", lambda _: b"[" * 10**5)
    yield "no configuration", repacked(good, "config.json", lambda _: b"{}")
    for name in ("config.json", "model.weights.h5"):
        bomb = repacked(good, name, lambda old: bytes(2**25) + old, zipfile.ZIP_DEFLATED)
        yield f"a bomb in {name}", bomb
    yield from ((kind, with_layer(good, **entries)) for kind, entries in LAYERS.items())


def test_a_damaged_or_hostile_model(project):
    """Each stage refuses one that is missing; all read it by the same code, which runs nothing."""
    path = project.path("models/basic.keras")
    good = path.read_bytes()
    for damage, content in hostile(good):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        stages = readers("models/basic.keras")
        for stage in stages if content is None else stages[:1]:
            message = fails(project, main_of(stage))
            assert message.startswith("error: models/basic.keras"), damage
            assert "`dvc repro`" in message, damage
            assert "rebuilds it" in message, damage
            assert not project.path("unpickled").exists()
    repro_restores(project)
    assert path.read_bytes() == good
