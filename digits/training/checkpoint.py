"""Save how far a training has come, so that the next run of the same training continues there.

A checkpoint is one file: a line of JSON (the history), the bytes of all variables, and the SHA-256
of both. Its name holds the `fingerprint` of the training. So a training with another line of code,
parameter, library or pixel never finds it. A fault of the disk never ends a training.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from digits.backend.variables import set_variables, variables
from digits.errors import OutputError, ParameterError
from digits.files.atomic import replacing
from digits.params.document import leaves, read_document

if TYPE_CHECKING:
    from digits.backend import keras

FOLDER = Path(".training")
"""Only its owner can read it; git and DVC ignore it."""
EVERY = 60.0
"""Seconds between two checkpoints: what a kill may cost, beside the epoch that it interrupts."""
LIBRARIES = ("keras", "numpy", "scipy", "tensorflow")
UNREADABLE = (AttributeError, LookupError, OSError, ParameterError, TypeError)
"""What a dvc.yaml or params.yaml of another form raises, a file that is gone, or a stage."""


def fingerprint(stage: str) -> dict[str, str]:
    """Return hashes of all that decides what a stage of dvc.yaml makes, as its section lists it.

    All but "arrays" are the same on all workers: the code and all other small files, the
    parameters, and the versions of Python and the libraries. Arrays take seconds to read, so they
    count by inode, size and time of change, as they do for DVC.
    Raises one of `UNREADABLE` if dvc.yaml, params.yaml or a file that they name cannot be read.
    """
    section = read_document("dvc.yaml")["stages"][stage]
    values, listed = leaves(read_document("params.yaml")), section.get("params", [])
    names = tuple(f"{name}." for name in listed)
    paths = [*section["deps"], *chain(*(name for name in listed if isinstance(name, dict)))]
    files: dict[str, str] = {}
    arrays: dict[str, tuple[int, ...]] = {}
    for path in sorted(file for name in paths for file in _files(Path(name))):
        if path.suffix == ".npy":
            stat = path.stat()
            arrays[path.as_posix()] = stat.st_ino, stat.st_size, stat.st_mtime_ns
        else:
            files[path.as_posix()] = sha256(path.read_bytes()).hexdigest()
    found = {
        "code": [section["cmd"], files],
        "parameters": {key: values[key] for key in values if f"{key}.".startswith(names)},
        "libraries": [sys.version, *(f"{name} {version(name)}" for name in LIBRARIES)],
        "arrays": arrays,
    }
    return {key: sha256(json.dumps(found[key]).encode()).hexdigest() for key in found}


def _files(path: Path) -> list[Path]:
    """List a file, or those of a folder; not bytecode, nor the hidden files of editors."""
    found = path.rglob("[!.]*") if path.is_dir() else [path]
    return [file for file in found if file.is_file() and file.suffix != ".pyc"]


class Checkpoint:
    """The checkpoint of a stage's training; without a stage nothing is saved or loaded."""

    def __init__(self, stage: str | None) -> None:
        """Take the name of the stage."""
        self.stage, self.values, self.saved_at = stage, memoryview(b""), monotonic()
        self.failed = False
        self.shared: dict[str, str] = {}  # what workers must have in common
        try:
            self.shared = fingerprint(stage) if stage else {}
        except UNREADABLE as fault:
            self._report(f"its section of dvc.yaml, or a file that it names: {fault!r}")
            self.stage = None
        name = sha256(json.dumps(self.shared).encode()).hexdigest()
        self.path = FOLDER / f"{self.stage}-{name}"
        self.shared.pop("arrays", None)

    def _report(self, reason: str) -> None:
        """Report a fault, once."""
        if not self.failed:
            print(
                f"{self.stage}: the training goes on, but no checkpoint of it is saved: {reason}",
                file=sys.stderr,
            )
        self.failed = True

    def load(self) -> list[dict[str, float]]:
        """Return the history of this training if there is a checkpoint of it, else []."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return []
        whole, digest = memoryview(content)[:-32], content[-32:]
        if sha256(whole).digest() != digest:
            print(f"{self.path} is damaged: the training begins anew", file=sys.stderr)
            return []
        end = content.index(b"\n")
        self.values = whole[end + 1 :]
        history: list[dict[str, float]] = json.loads(content[:end])
        print(f"{self.stage}: resumed after epoch {len(history)}", flush=True)
        return history

    def restore(self, model: "keras.Model", further: Sequence[Any] = ()) -> None:
        """Set the variables of a model, and further ones, to what `load` found, if anything."""
        if self.values:
            set_variables([*variables(model), *further], self.values)
        self.values = memoryview(b"")

    def save(
        self, model: "keras.Model", history: list[dict[str, float]], further: Sequence[Any] = ()
    ) -> None:
        """Write a checkpoint, of further variables, too, if the last one is older than `EVERY`.

        Report a fault, and go on.
        """
        if not self.stage or monotonic() - self.saved_at < EVERY:
            return
        values = (variable.numpy().tobytes() for variable in [*variables(model), *further])
        digest = sha256()
        try:
            FOLDER.mkdir(mode=0o700, exist_ok=True)
            with replacing(str(self.path)) as temporary, temporary.open("wb") as file:
                for part in chain([json.dumps(history).encode() + b"\n"], values):
                    digest.update(part)
                    file.write(part)
                file.write(digest.digest())
        except (OSError, OutputError) as fault:
            self._report(f"{self.path}: {getattr(fault.__context__ or fault, 'strerror', fault)}")
        self.saved_at = monotonic()


def delete_checkpoints(stage: str) -> None:
    """Remove all checkpoints of a stage, and what a killed write of one left behind."""
    with suppress(OSError):
        for path in [*FOLDER.glob(f"{stage}-*"), *FOLDER.glob(f".{stage}-*")]:
            with suppress(OSError):
                path.unlink()
        FOLDER.rmdir()  # fails while another stage has a checkpoint
