"""Save how far a training has come, so that the next run of the same training continues there.

A checkpoint is one file: the history in a line of JSON, the bytes of all variables, and the SHA-256
of both. Its name holds the `fingerprint` of the training. So a training with another line of code,
parameter, library or pixel never finds it. A fault of the disk never ends a training.
"""

import json
import sys
from contextlib import suppress
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from digits.errors import OutputError, ParameterError
from digits.files.atomic import write_bytes
from digits.params.document import leaves, read_document
from digits.training.history import History

FOLDER = Path(".training")
"""Git and DVC ignore it."""
EVERY = 60.0
"""Seconds between two checkpoints: what a kill may cost, beside the epoch that it interrupts."""
LIBRARIES = ("keras", "numpy", "scipy", "tensorflow")


def fingerprint(stage: str) -> dict[str, Any]:
    """Return by name all that decides what a stage of dvc.yaml makes; of a file its SHA-256.

    Raises any error where dvc.yaml, params.yaml or a file that they name cannot be used.
    """
    section = read_document("dvc.yaml")["stages"][stage]
    values, listed = leaves(read_document("params.yaml")), section.get("params", [])
    further = [name for each in listed if isinstance(each, dict) for name in each]
    names = tuple(f"{name}." for name in listed)
    found = {
        "command": section["cmd"],
        "parameters": str([pair for pair in values.items() if f"{pair[0]}.".startswith(names)]),
        "libraries": [sys.version, *(f"{name} {version(name)}" for name in LIBRARIES)],
    }
    for path in map(Path, section["deps"] + further):
        for file in sorted([path, *path.rglob("[!.]*")]):  # not those of editors
            if file.suffix != ".pyc" and not file.is_dir():
                with file.open("rb") as opened:
                    found[file.as_posix()] = file_digest(opened, "sha256").hexdigest()
    return found


class Checkpoint:
    """The checkpoint of a stage's training; without a stage nothing is saved or loaded."""

    path: Path | None = None

    def __init__(self, stage: str | None) -> None:
        """Take the name of the stage."""
        self.stage, self.saved_at = stage, monotonic()
        self.decides: dict[str, Any] = {}
        if stage:
            try:
                self.decides = fingerprint(stage)
                name = sha256(json.dumps(self.decides).encode()).hexdigest()
                self.path = FOLDER / f"{stage}-{name}"
            except (AttributeError, LookupError, OSError, ParameterError, TypeError) as fault:
                self._end(f"its section of dvc.yaml, or a file that it names: {fault!r}")

    def _end(self, reason: str) -> None:
        said = f"{self.stage}: the training goes on, but no checkpoint of it is saved: {reason}"
        print(said, file=sys.stderr)
        self.path = None

    def load(self, variables: list[Any]) -> History:
        """Set variables to those of this training's checkpoint; return its history, [] if none."""
        content = b""
        if self.path:
            with suppress(OSError):
                content = self.path.read_bytes()
        if not content:
            return []
        if sha256(content[:-32]).digest() != content[-32:]:
            print(f"{self.path} is damaged: the training begins anew", file=sys.stderr)
            return []
        offset = content.index(b"\n") + 1
        history: History = json.loads(content[:offset])
        for variable in variables:
            now = variable.numpy()
            variable.assign(np.frombuffer(content, now.dtype, now.size, offset).reshape(now.shape))
            offset += now.nbytes
        print(f"{self.stage}: resumed after epoch {len(history)}", flush=True)
        return history

    def save(self, history: History, variables: list[Any]) -> None:
        """Write a checkpoint if the last one is older than `EVERY`. If that fails, it is the last.

        Only its owner can read it.
        """
        if self.path and monotonic() - self.saved_at >= EVERY:
            content = b"".join(variable.numpy().tobytes() for variable in variables)
            content = json.dumps(history).encode() + b"\n" + content
            try:
                FOLDER.mkdir(mode=0o700, exist_ok=True)
                write_bytes(str(self.path), content + sha256(content).digest())
            except (OSError, OutputError) as fault:
                self._end(str(fault))
            self.saved_at = monotonic()

    def delete(self) -> None:
        """Remove all checkpoints of the stage, and what a killed write of one left behind."""
        with suppress(OSError):
            for path in [*FOLDER.glob(f"{self.stage}-*"), *FOLDER.glob(f".{self.stage}-*")]:
                with suppress(OSError):
                    path.unlink()
            FOLDER.rmdir()  # fails while another stage has a checkpoint
