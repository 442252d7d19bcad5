"""Save how far a training has come, so that the next run of the same training continues there.

A checkpoint is one file: the history, all variables, and the SHA-256 of both. Its name holds the
`fingerprint` of the training. So a training with another line of code, parameter, library or pixel
never finds it. A fault of the disk never ends a training.
"""

import json
import sys
from contextlib import suppress
from hashlib import file_digest, sha256
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any

from digits.backend.variables import pack, unpack
from digits.errors import OutputError, ParameterError
from digits.files.atomic import write_bytes
from digits.params.document import leaves, read_document
from digits.training.history import History

FOLDER = Path(".training")
"""Only its owner can read it; git and DVC ignore it."""
EVERY = 60.0
"""Seconds between two checkpoints: what a kill may cost, beside the epoch that it interrupts."""
LIBRARIES = ("keras", "numpy", "scipy", "tensorflow")


def fingerprint(stage: str) -> dict[str, str]:
    """Return hashes of all that decides what a stage of dvc.yaml makes, as its section lists it.

    Raises any error where dvc.yaml, params.yaml or a file that they name cannot be used.
    """
    section = read_document("dvc.yaml")["stages"][stage]
    values, listed = leaves(read_document("params.yaml")), section.get("params", [])
    names = tuple(f"{name}." for name in listed)
    paths = map(Path, chain(section["deps"], *(name for name in listed if isinstance(name, dict))))
    code, arrays = dict[str, str](), dict[str, str]()
    for path in sorted(chain(*((path, *path.rglob("[!.]*")) for path in paths))):  # not of editors
        if path.suffix != ".pyc" and not path.is_dir():
            with path.open("rb") as file:
                kind = arrays if path.suffix == ".npy" else code
                kind[path.as_posix()] = file_digest(file, "sha256").hexdigest()
    found = {
        "parameters": {key: values[key] for key in values if f"{key}.".startswith(names)},
        "code": [section["cmd"], code],
        "libraries": [sys.version, *(f"{name} {version(name)}" for name in LIBRARIES)],
        "images or labels": arrays,
    }
    return {key: sha256(json.dumps(found[key]).encode()).hexdigest() for key in found}


class Checkpoint:
    """The checkpoint of a stage's training; without a stage nothing is saved or loaded."""

    def __init__(self, stage: str | None) -> None:
        """Take the name of the stage."""
        self.stage, self.saved_at = stage, monotonic()
        self.hashes: dict[str, str] = {}
        if stage:
            try:
                self.hashes = fingerprint(stage)
            except (AttributeError, LookupError, OSError, ParameterError, TypeError) as fault:
                self._end(f"its section of dvc.yaml, or a file that it names: {fault!r}")
            name = sha256(json.dumps(self.hashes).encode()).hexdigest()
            self.path = FOLDER / f"{stage}-{name}"

    def _end(self, reason: str) -> None:
        print(
            f"{self.stage}: the training goes on, but no checkpoint of it is saved: {reason}",
            file=sys.stderr,
        )
        self.stage = None

    def load(self, targets: list[Any]) -> History:
        """Set variables to those of this training's checkpoint; return its history, [] if none."""
        content = b""
        if self.stage:
            with suppress(OSError):
                content = self.path.read_bytes()
        if content and sha256(content[:-32]).digest() != content[-32:]:
            print(f"{self.path} is damaged: the training begins anew", file=sys.stderr)
            content = b""
        if not content:
            return []
        history = unpack(content, targets)
        print(f"{self.stage}: resumed after epoch {len(history)}", flush=True)
        return history

    def save(self, history: History, sources: list[Any]) -> None:
        """Write a checkpoint if the last one is older than `EVERY`. If that fails, it is the last.

        sources: variables.
        """
        if self.stage and monotonic() - self.saved_at >= EVERY:
            content = pack(history, sources)
            try:
                FOLDER.mkdir(mode=0o700, exist_ok=True)
                write_bytes(str(self.path), content + sha256(content).digest())
            except (OSError, OutputError) as fault:
                self._end(str(fault))
            self.saved_at = monotonic()


def delete_checkpoints(stage: str) -> None:
    """Remove all checkpoints of a stage, and what a killed write of one left behind."""
    with suppress(OSError):
        for path in [*FOLDER.glob(f"{stage}-*"), *FOLDER.glob(f".{stage}-*")]:
            with suppress(OSError):
                path.unlink()
        FOLDER.rmdir()  # fails while another stage has a checkpoint
