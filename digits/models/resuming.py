"""Keep how far a training has come, so that the next run of the same one goes on from there.

A state is a file: a line of JSON (a hash of the data, the history), the bytes of all variables, and
the SHA-256 of both. Its name holds a hash of all else that decides a training: see `State.begin`.
"""

import json
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from time import monotonic, time
from types import FunctionType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from digits.data.blocks import CHUNK
from digits.errors import OutputError
from digits.files.arrays import fresh
from digits.files.atomic import replacing

if TYPE_CHECKING:
    from digits.models.backend import keras

FOLDER = Path(".training")
"""Its user's alone; git and DVC ignore it."""
EVERY = 60.0
"""Seconds of work that a kill may cost, and an epoch."""
KEPT = 30 * 24 * 60 * 60
"""Seconds after which a state is removed that nobody came back to: 30 days."""
DIGEST = 32
"""Bytes of a SHA-256."""


class State:
    """The state of the training of one model, for `train`; `forget` it when all is written."""

    def __init__(self, name: str) -> None:
        """Take the name of what is trained, for messages and the file's name."""
        self.name = name

    def begin(self, arrays: Sequence[NDArray[Any]], *settings: object) -> list[dict[str, float]]:
        """Return the history of this training that is kept; [] where none is.

        It is the same one if it has the same name, settings (see `in_words`), code of every loaded
        module but the libraries', versions of these, and content of the arrays. That is only read
        where all else agrees, or when a state is written: gigabytes take seconds.
        """
        self.arrays, self.since, self.data, self.told = arrays, monotonic(), "", False
        self.changed = changed(arrays)
        decides = json.dumps([self.name, settings, versions(), code()], default=in_words)
        self.path = FOLDER / f"{self.name}-{sha256(decides.encode()).hexdigest()}"
        with suppress(OSError):
            for path in FOLDER.glob("*"):
                if path.stat().st_mtime < time() - KEPT:
                    path.unlink()
        try:
            content = self.path.read_bytes()
        except OSError:
            return []
        whole = memoryview(content)[:-DIGEST]
        if sha256(whole).digest() != content[-DIGEST:]:
            print(f"{self.name}: {self.path} is damaged, and not resumed from", file=sys.stderr)
            return []
        end = content.index(b"\n")
        self.values = whole[end + 1 :]
        data, history = json.loads(content[:end])
        self.data = digest(arrays)
        return history if data == self.data else []

    def restore(self, model: "keras.Model") -> None:
        """Set the variables of a model to the state whose history `begin` returned."""
        restore(variables(model), self.values)
        del self.values

    def keep(self, model: "keras.Model", history: list[dict[str, float]]) -> None:
        """Write the state after an epoch if the last one is older than a minute.

        Where it cannot be written, that is said once, and the training goes on.
        """
        if monotonic() - self.since < EVERY or self.changed != changed(self.arrays):
            return
        self.data = self.data or digest(self.arrays)
        head = json.dumps([self.data, history]).encode() + b"\n"
        values = (variable.numpy().tobytes() for variable in variables(model))
        whole = sha256()
        try:
            FOLDER.mkdir(mode=0o700, exist_ok=True)
            with replacing(str(self.path)) as temporary, temporary.open("wb") as file:
                for part in chain([head], values):
                    whole.update(part)
                    file.write(part)
                file.write(whole.digest())
        except (OSError, OutputError) as fault:
            reason = getattr(fault.__context__ or fault, "strerror", fault)
            if not self.told:
                print(
                    f"{self.name}: how far it has come cannot be kept in {FOLDER}: {reason}. The "
                    "training goes on; killed, it would lose more than a minute",
                    file=sys.stderr,
                )
            self.told = True
        self.since = monotonic()

    def forget(self) -> None:
        """Remove the state, and what a killed write of it left."""
        for path in FOLDER.glob(f"*{self.path.name}*"):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # another one is there
            FOLDER.rmdir()


def variables(model: "keras.Model") -> list[Any]:
    """List what an epoch changes: weights, the seeds of layers, what the optimizer holds."""
    return [*model.variables, *model.optimizer.variables]


def restore(found: list[Any], values: bytes | memoryview) -> None:
    """Set variables to these bytes, one after the other."""
    place = 0
    for variable in found:
        now = variable.numpy()
        variable.assign(np.frombuffer(values, now.dtype, now.size, place).reshape(now.shape))
        place += now.nbytes


def digest(arrays: Sequence[NDArray[Any]]) -> str:
    """Return the SHA-256 of the content of arrays; in chunks, since they may exceed memory."""
    content = sha256()
    for array in arrays:
        content.update(f"{array.dtype} {array.shape}".encode())
        for start in range(0, len(array), CHUNK):
            content.update(fresh(array)[start : start + CHUNK].tobytes())
    return content.hexdigest()


def changed(arrays: Sequence[NDArray[Any]]) -> list[int]:
    """Return when the files were changed, nanoseconds, of those arrays that are mapped."""
    files = [array.filename for array in arrays if isinstance(array, np.memmap) and array.filename]
    return [Path(file).stat().st_mtime_ns for file in files]


def versions() -> list[str]:
    """Name the versions of what computes."""
    from digits.models.backend import keras, tf

    return [sys.version, np.__version__, keras.__version__, tf.__version__]


def code() -> dict[str, str]:
    """Return the SHA-256 of each loaded module's source, by its name; not of libraries."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__dict__", {}).get("__file__") or ""
        library = "site-packages" in file or file.startswith(sysconfig.get_path("stdlib"))
        if file.endswith(".py") and not library:
            there = Path(file).is_file()
            found[name] = sha256(Path(file).read_bytes()).hexdigest() if there else uuid4().hex
    return found


def in_words(setting: object) -> Any:
    """Put into JSON what decides a training; what cannot be is unlike all else, so never resumed.

    A function is known by its name and what it has at hand: its module's source is in `code`.
    """
    if isinstance(setting, BaseModel):
        return [type(setting).__qualname__, setting.model_dump()]
    if isinstance(setting, partial):
        return [setting.func, setting.args, setting.keywords]
    module = sys.modules.get(getattr(setting, "__module__", ""))
    if isinstance(setting, FunctionType) and hasattr(module, "__file__"):
        held = [cell.cell_contents for cell in setting.__closure__ or ()]
        held += [setting.__defaults__, setting.__kwdefaults__]
        return [setting.__module__, setting.__qualname__, held]
    return uuid4().hex
