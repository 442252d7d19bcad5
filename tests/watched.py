"""Run stages, record what each opens and which parameters it reads: python watched.py STAGE ..."""

import json
import os
import runpy
import sys
from pathlib import Path

import yaml
from pydantic import BaseModel

ROOT = Path.cwd()
records = {}


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
    if path.is_relative_to(ROOT) and (written or path.is_file()):
        record["written" if written else "read"].add(path.relative_to(ROOT).as_posix())


def noting(self, name):
    if name in type(self).model_fields and hasattr(type(self), "section"):
        record["parameters"].add(f"{type(self).section}.{name}")
    return plain(self, name)


def noting_all(self):
    return ((name, getattr(self, name)) for name in type(self).model_fields)


plain, BaseModel.__getattribute__ = BaseModel.__getattribute__, noting
BaseModel.__iter__ = noting_all
stages = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
record = {"read": set(), "written": set(), "parameters": set()}
sys.addaudithook(watch)
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT))
for stage in sys.argv[1:]:
    records[stage] = record = {"read": set(), "written": set(), "parameters": set()}
    _, _, module, *model = stages[stage]["cmd"].split()
    sys.argv[1:] = model
    runpy.run_module(module, run_name="__main__")
json.dump(records, sys.stderr, default=sorted)
