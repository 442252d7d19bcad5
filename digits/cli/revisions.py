"""Read the parameters and the models' answers of a revision, both from git."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from digits.cli import git
from digits.errors import ParameterError, RevisionError
from digits.evaluation import comparison
from digits.evaluation.results import ANSWERS
from digits.messages import nearest
from digits.params.document import leaves, parse

MAIN = "main"


@dataclass(frozen=True)
class Revision:
    """A commit, or the workspace. Its methods raise RevisionError."""

    name: str
    commit: str | None
    """None: the workspace."""

    def content(self, path: str) -> bytes:
        """Return the bytes of a file that is in git."""
        found = git.content(self.commit, path)
        if found is None:
            raise RevisionError(
                f"{self.name} (commit {self.commit[:7]}) has no {path}: its results were not "
                "committed, or not kept yet, so there is nothing to compare with"
                if self.commit
                else f"{path} cannot be read. `dvc repro`, in the project's folder, makes it"
            )
        return found

    def parameters(self) -> Any:
        """Return the content of params.yaml."""
        try:
            return parse(self.content("params.yaml").decode(errors="replace"), "params.yaml")
        except ParameterError as fault:
            said = " ".join(str(fault).split())
            raise RevisionError(
                f"in {self.name}: {said}. Correct it, or compare with another revision."
            ) from None

    def record(self) -> comparison.Record:
        """Return what each model got wrong."""
        try:
            return comparison.parse_record(json.loads(self.content(ANSWERS)))
        except (ValueError, RecursionError) as fault:
            raise RevisionError(
                f"{ANSWERS} of {self.name} is not what stage evaluate writes: {fault}. "
                "`dvc repro` rebuilds it."
            ) from None


WORKSPACE = Revision("workspace", None)  # as DVC calls it


def resolve(name: str) -> Revision:
    """Find a revision: `name`, or the branch of that name at origin; for main the default branch.

    Raises RevisionError if there is none, or no git repository.
    """
    candidates = [name, f"origin/{name}"]
    if name == MAIN:
        for question in ("rev-parse --abbrev-ref origin/HEAD", "config init.defaultBranch"):
            candidates += (git.ask(*question.split()) or b"").decode(errors="replace").split()
        candidates += ["master", "origin/master"]
    for candidate in candidates:
        if found := git.ask("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}"):
            return Revision(candidate, found.decode().strip())
    if git.ask("rev-parse", "--is-shallow-repository") == b"true\n":
        raise RevisionError(
            f"{name} is not in this clone, which is shallow: it holds the newest commits alone. "
            "Get the others: `git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'`, "
            "in a workflow `fetch-depth: 0` of actions/checkout."
        )
    refs = git.ask("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags") or b""
    there = refs.decode(errors="replace").split() or ["HEAD"]
    raise RevisionError(f"{name} is not a revision of this repository{nearest(name, there)}")


def stale(*stages: str) -> list[str]:
    """Return the stages, up to `stages`, that DVC would run or take from its run-cache.

    This needs no data. DVC's exit code does not tell: it is 0 where a stage is stale, and not 0
    where its data are missing as well. So its output is read.
    """
    command = [sys.executable, "-m", "dvc", "repro", "--dry", "--allow-missing", *stages]
    done = subprocess.run(command, capture_output=True, text=True)
    said = done.stdout + done.stderr
    form = r"^(?:Running stage|Stage|ERROR: failed to reproduce) '(.+?)'(?::| is cached)"
    found = re.findall(form, said, re.MULTILINE)
    if done.returncode and not found:
        reason = " ".join(said.partition("\n\nHaving any troubles?")[0].split())
        raise RevisionError(
            f"DVC cannot say what is up to date: {reason}. If it may not write here, take a clone "
            "of your own"
        )
    return list(dict.fromkeys(found))


def changes(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    """Return the pairs of values that differ between two documents; None: the key is missing."""
    before, after = leaves(old), leaves(new)
    pairs = {name: (before.get(name), after.get(name)) for name in {**before, **after}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
