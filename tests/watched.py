"""Run the stages of the listed models in one process; record what each opens, writes and reads.

The last line on stderr is, as JSON, for each stage: files read and written, and parameters read.
"""

import json
import os
import sys
from pathlib import Path

ROOT = Path.cwd()
records, record = {}, {"read": set(), "written": set(), "parameters": set()}
sys.argv[0], sys.path[0] = "-m", str(ROOT)  # as while Python imports for `python -m stages.fetch`

import stages  # noqa: E402, F401

sys.argv[0] = "watched"

import runpy  # noqa: E402

import yaml  # noqa: E402
from pydantic import BaseModel  # noqa: E402


def watch(event, args):
    if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
        mode, flags = args[1:]
        written = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        note(args[0], any(letter in mode for letter in "wax+") if mode is not None else written)
    elif event == "os.rename":
        note(args[0], True)
        note(args[1], True)


def note(name, written):
    path = Path(os.path.normpath(ROOT / os.fsdecode(name)))
    if "__pycache__" in path.parts or not path.is_relative_to(ROOT):
        return
    if written or path.is_file():
        record["written" if written else "read"].add(path.relative_to(ROOT).as_posix())


def noting(self, name):
    if name in type(self).model_fields and hasattr(type(self), "section"):
        record["parameters"].add(f"{type(self).section}.{name}")
    return plain(self, name)


def noting_all(self):
    return ((name, getattr(self, name)) for name in type(self).model_fields)


plain, BaseModel.__getattribute__ = BaseModel.__getattribute__, noting
BaseModel.__iter__ = noting_all
listed = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["models"]
sys.addaudithook(watch)
for stage, section in yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))[
    "stages"
].items():
    _, _, module, *model = section["cmd"].split()
    if set(model) <= set(listed):
        records[stage] = record = {name: set() for name in record}
        sys.argv[1:] = model
        runpy.run_module(module, run_name="__main__")
json.dump(records, sys.stderr, default=sorted)
