"""Run a stage and record what it opens and which parameters it reads: python watched.py STAGE."""

import json
import os
import runpy
import sys
from pathlib import Path

from pydantic import BaseModel

ROOT = Path.cwd()
record = {"read": set(), "written": set(), "parameters": set()}


def watch(event, args):
    if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
        note(os.fsdecode(args[0]), writes(args[1], args[2]))
    elif event == "os.rename":
        note(os.fsdecode(args[0]), True)
        note(os.fsdecode(args[1]), True)


def writes(mode, flags):
    if mode is not None:
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def note(name, written):
    path = Path(os.path.normpath(ROOT / name))
    if "__pycache__" in path.parts:
        return
    if path.is_relative_to(ROOT) and (written or path.is_file()):
        record["written" if written else "read"].add(path.relative_to(ROOT).as_posix())


sys.addaudithook(watch)
sys.path.insert(0, str(ROOT))
plain = BaseModel.__getattribute__


def noting(self, name):
    if name in type(self).model_fields and hasattr(type(self), "section"):
        record["parameters"].add(f"{type(self).section}.{name}")
    return plain(self, name)


BaseModel.__getattribute__ = noting
runpy.run_module(f"stages.{sys.argv[1]}", run_name="__main__")
json.dump({key: sorted(value) for key, value in record.items()}, sys.stderr)
