"""Hold dvc.lock against the code, the parameters and the files in the current folder.

`dvc status` passes over frozen stages, believes the time and size of a file that it has seen
before, and looks into no cached object. Here everything is hashed anew.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any

from dvc.cachemgr import CacheManager
from dvc.config import Config
from dvc.dependency import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.hashfile.state import StateNoop

from digits.errors import ArtifactError, RevisionError
from digits.params import read_params
from digits.params.document import read_document
from digits.params.stages import Models

LOCK = "dvc.lock"


def check() -> str:
    """Say that all is well. Raises ArtifactError if `stale` or `damaged` finds a fault."""
    if faults := stale():
        raise ArtifactError(
            f"{LOCK} is not up to date: {', '.join(faults)}. `dvc repro`, then commit dvc.lock and "
            "metrics/"
        )
    if paths := damaged():
        raise ArtifactError(
            f"DVC's cache holds other content than before in {', '.join(paths)}. Remove these "
            "files, then `dvc repro`"
        )
    return "of this code and these parameters"


def stale(*stages: str) -> list[str]:
    """List the stages whose lock is not of this code, these parameters and the files that lie here.

    stages: these and those before them, not all. An output of DVC's cache need not lie here. Faults
    are also what DVC would not run, code that it ignores, and a model that no stage makes.
    Raises RevisionError.
    """
    locked, here = dict[str, Any](), dict[str, Any]()

    def differs(part: Any) -> bool:
        """Say whether an output or a dependency is not as the lock has it."""
        path, info = part.fs_path, part.hash_info
        if isinstance(part, ParamsDependency):
            return bool(part.workspace_status())
        if not info or locked.setdefault(path, info) != info:  # another stage has another one
            return True
        if not part.exists:
            return not f"{path}{os.sep}".startswith(cached)
        if path not in here:
            here[path] = part.get_hash()
        return bool(here[path] != info)

    try:
        with Repo() as repo:
            repo.state = StateNoop()  # forget what DVC has noted of files
            repo.cache = CacheManager(repo)
            cached = tuple(f"{out.fs_path}{os.sep}" for out in repo.index.outs if out.use_cache)
            chosen = [x for name in stages for x in repo.stage.collect(name, with_deps=True)]
            chosen = list(dict.fromkeys(chosen if stages else repo.index.stages))
            models = {f"models/{name}.keras" for name in read_params(Models).root}
            if stages:
                models &= {str(dep) for stage in chosen for dep in stage.deps}
            models -= {str(out) for stage in repo.index.stages if stage.cmd for out in stage.outs}
            faults = [f"{path} (no stage makes it)" for path in sorted(models)]
            for stage in chosen:
                if found := dict.fromkeys(_faults(repo, stage, differs)):
                    faults.append(f"{stage.addressing} ({', '.join(found)})")
            return faults
    except (DvcException, OSError) as fault:
        raise RevisionError(
            f"DVC cannot say what is up to date: {' '.join(str(fault).split())}. If it may not "
            "write here, take a clone of your own"
        ) from None


def _faults(repo: Any, stage: Any, differs: Callable[[Any], bool]) -> Iterator[str]:
    if stage.frozen or (stage.deps and not stage.cmd):  # an import
        yield "frozen: `dvc unfreeze` it"
    if stage.is_callback or stage.always_changed:
        yield "always changed"
    read, name = set[str](), getattr(stage, "name", "")  # imports have none
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            read |= {str(key).partition(".")[0] for key in dep.params}
            if dep.fs_path != repo.fs.join(repo.root_dir, "params.yaml"):
                yield f"it has parameters in another file, {dep}"
            continue
        for path in map(Path, repo.fs.find(dep.fs_path)):
            hidden = "__pycache__" in path.parts or path.name[0] == "."
            if not hidden and repo.dvcignore.is_ignored_file(str(path)):
                yield f"DVC ignores {path.relative_to(repo.root_dir)}"
    if name in read_document("params.yaml") and name not in read:
        yield f"its params lack the section {name}"
    yield from (str(part) for part in (*stage.deps, *stage.outs) if differs(part))
    if stage.changed_stage():
        yield "its command"


def cache() -> Path:
    """Return the folder of DVC's cache."""
    return Path(Config(".dvc")["cache"].get("dir") or ".dvc/cache").resolve()


def damaged() -> list[str]:
    """List the cached objects, of those that the lock names, that have another content."""
    oids, faults = re.findall(r" md5: (\S+)$", Path(LOCK).read_text(), re.MULTILINE), []
    for oid in (oids := list(dict.fromkeys(oids))):
        path = cache() / "files/md5" / oid[:2] / oid[2:]
        if path.is_file():
            with path.open("rb") as file:
                found = file_digest(file, "md5").hexdigest()
            if found != oid.removesuffix(".dir"):
                faults.append(str(path))
            elif oid.endswith(".dir"):
                oids += [entry["md5"] for entry in json.loads(path.read_bytes())]
    return faults
