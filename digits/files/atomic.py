"""Write files whole or not at all; read and write JSON."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digits.errors import ArtifactError, DigitsError, OutputError


@contextmanager
def replacing(path: str) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and move it to `path` at the end.

    If the block raises, `path` stays as it was. The temporary name holds the process's number, so
    two processes never write to the same file. What a killed one left is removed by the next.
    Raises OutputError if the file cannot be written.
    """
    final = Path(path)
    temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        for left in final.parent.glob(f".{final.name}.*.tmp"):
            left.unlink(missing_ok=True)
        try:
            yield temporary
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as fault:
        raise OutputError(
            f"{path} cannot be written: {fault.strerror or fault}. It is as it was before. "
            "Free some space or make the folder writable, and run this again."
        ) from None


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Raise ArtifactError where the block finds that `path`, of a stage, is missing or damaged."""
    try:
        yield
    except (DigitsError, MemoryError):
        raise
    except Exception as fault:  # parsers raise errors of many types
        if isinstance(fault, OSError) and fault.errno == errno.ENOMEM:
            raise MemoryError(f"{path} cannot be mapped") from None
        said = f"there is no {fault}" if isinstance(fault, LookupError) else fault
        raise ArtifactError(f"{path} cannot be read: {said}. `dvc repro` rebuilds it.") from None


def write_bytes(path: str, content: bytes) -> None:
    """Write `content` to `path`. Raises OutputError."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: str, content: object) -> None:
    """Write `content` to `path` as indented JSON. Raises OutputError."""
    write_bytes(path, (to_json(content, path) + "\n").encode())


def to_json(content: object, name: str) -> str:
    """Return `content` as indented JSON. Raises OutputError if a number is NaN or infinite."""
    try:
        return json.dumps(content, indent=2, allow_nan=False)
    except ValueError:
        raise OutputError(
            f"{name} cannot be written: a number is NaN or infinite, and JSON has none such. "
            "`dvc repro` rebuilds damaged results; train with a lower learning_rate if it remains."
        ) from None


def read_json(path: str) -> Any:
    """Return the content of the JSON file at `path`. Raises ArtifactError if it is not readable."""
    with reading(path):
        return json.loads(Path(path).read_bytes())
