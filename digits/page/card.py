"""What the model card lists: versions and hashes."""

import hashlib
import re
from pathlib import Path

from digits.errors import ArtifactError

LIBRARIES = ("tensorflow", "keras", "numpy", "pandas", "dvc")
"""Libraries on which the results depend."""


def pinned(path: str) -> dict[str, str]:
    """Return the versions of LIBRARIES that a requirements file pins.

    Not those of the running environment: the page would differ from one to the next.
    Raises ArtifactError if there is no such file, or a library is not pinned in it.
    """
    try:
        versions = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", Path(path).read_text(), re.MULTILINE))
        return {name: versions[name] for name in LIBRARIES}
    except OSError as fault:
        raise ArtifactError(f"{path} cannot be read: {fault}. It is in git.") from None
    except KeyError as missing:
        raise ArtifactError(
            f"{path}: expected a line {missing.args[0]}==VERSION, got none. `make lock` writes it."
        ) from None


def file_sha256(path: str) -> str:
    """Return the SHA-256 (hex) of a file's content. Raises ArtifactError if it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise ArtifactError(f"{path} cannot be read: {fault}. `dvc repro` rebuilds it.") from None
