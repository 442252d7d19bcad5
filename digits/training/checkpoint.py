"""Save how far a training has come, so that the next run of the same training goes on from there.

A checkpoint is one file: a line of JSON (the history), the bytes of all variables, and the SHA-256
of both. Its name holds the `fingerprint` of the training. So a training with another line of code,
parameter, library or pixel never finds it.
"""

import json
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from digits.backend.variables import restore, variables
from digits.errors import OutputError
from digits.files.atomic import replacing
from digits.params.document import leaves, read_document

if TYPE_CHECKING:
    from digits.backend import keras

FOLDER = Path(".training")
"""Only its owner can read it; git and DVC ignore it."""
EVERY = 60.0
"""Seconds between two checkpoints: what a kill may cost, beside the epoch that it interrupts."""
MAX_AGE = 30 * 24 * 60 * 60
"""Seconds after which a checkpoint that was never resumed is removed: 30 days."""
DIGEST_SIZE = 32
"""Bytes of a SHA-256."""
LIBRARIES = ("keras", "numpy", "scipy", "tensorflow")


def fingerprint(stage: str, data: bool = True) -> str:
    """Return a hash of all that decides what a stage of dvc.yaml makes, as its section lists it.

    Code counts by content, parameters by value, libraries and Python by version. Arrays count by
    size and time of change, since their content takes seconds to read; not at all unless `data`.
    Raises ParameterError if dvc.yaml or params.yaml cannot be read.
    """
    section = read_document("dvc.yaml")["stages"][stage]
    values = leaves(read_document("params.yaml"))
    wanted = tuple(f"{name}." for name in section.get("params", []))
    params = {key: values[key] for key in values if f"{key}.".startswith(wanted)}
    versions = [sys.version, *(f"{name} {version(name)}" for name in LIBRARIES)]
    files: dict[str, Any] = {}
    for path in sorted(path for dep in section["deps"] for path in _files(Path(dep))):
        if path.suffix != ".npy":
            files[path.as_posix()] = sha256(path.read_bytes()).hexdigest()
        elif data:
            files[path.as_posix()] = (path.stat().st_size, path.stat().st_mtime_ns)
    return sha256(json.dumps([section["cmd"], params, versions, files]).encode()).hexdigest()


def _files(path: Path) -> list[Path]:
    found = path.rglob("*") if path.is_dir() else [path]
    return [file for file in found if file.is_file() and file.suffix != ".pyc"]


class Checkpoint:
    """The checkpoint of a stage's training; without a stage nothing is saved or loaded."""

    def __init__(self, stage: str | None) -> None:
        """Take the name of the stage. Raises ParameterError."""
        self.stage, self.values, self.saved_at = stage, memoryview(b""), monotonic()
        self.fingerprint = fingerprint(stage) if stage else ""
        self.path = FOLDER / f"{stage}-{self.fingerprint}"
        self.failed = False

    def load(self) -> list[dict[str, float]]:
        """Return the history of this training if there is a checkpoint of it, else []."""
        with suppress(OSError):
            for path in FOLDER.glob("*"):
                if path.stat().st_mtime < time() - MAX_AGE:
                    path.unlink()
        try:
            content = self.path.read_bytes()
        except OSError:
            return []
        whole = memoryview(content)[:-DIGEST_SIZE]
        if sha256(whole).digest() != content[-DIGEST_SIZE:]:
            print(f"{self.path} is damaged: the training begins anew", file=sys.stderr)
            return []
        end = content.index(b"\n")
        self.values = whole[end + 1 :]
        history: list[dict[str, float]] = json.loads(content[:end])
        print(f"{self.stage}: resumed after epoch {len(history)}", flush=True)
        return history

    def restore(self, model: "keras.Model") -> None:
        """Set the variables of a model to those of the checkpoint that `load` found, if any."""
        if self.values:
            restore(variables(model), self.values)
        self.values = memoryview(b"")

    def save(self, model: "keras.Model", history: list[dict[str, float]]) -> None:
        """Write a checkpoint if the last one is older than `EVERY`.

        A fault is reported once, and the training goes on.
        """
        if not self.stage or monotonic() - self.saved_at < EVERY:
            return
        values = (variable.numpy().tobytes() for variable in variables(model))
        digest = sha256()
        try:
            FOLDER.mkdir(mode=0o700, exist_ok=True)
            with replacing(str(self.path)) as temporary, temporary.open("wb") as file:
                for part in chain([json.dumps(history).encode() + b"\n"], values):
                    digest.update(part)
                    file.write(part)
                file.write(digest.digest())
        except (OSError, OutputError) as fault:
            if not self.failed:
                print(
                    f"{self.stage}: no checkpoint can be written to {FOLDER}: {fault} The training "
                    "goes on, but it cannot be resumed",
                    file=sys.stderr,
                )
            self.failed = True
        self.saved_at = monotonic()


def delete(stage: str) -> None:
    """Remove all checkpoints of a stage, and what a killed write of one left behind."""
    with suppress(OSError):
        for path in FOLDER.glob(f"*{stage}-*"):
            path.unlink()
        FOLDER.rmdir()  # fails while another stage has a checkpoint
