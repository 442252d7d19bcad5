"""Read the parameters and the models' answers of a revision, both from git."""

import json
from contextlib import nullcontext
from typing import Any, NamedTuple

from digits.cli import git, lock
from digits.errors import ParameterError, RevisionError
from digits.evaluation import comparison
from digits.evaluation.results import ANSWERS
from digits.messages import nearest
from digits.params.document import leaves, parse

MAIN = "main"


class Revision(NamedTuple):
    """A commit, or the workspace, whose `commit` is None. Its methods raise RevisionError."""

    name: str
    commit: str | None

    def document(self, path: str) -> Any:
        """Return the content of a YAML file; None if there is no such file."""
        try:
            found = git.content(self.commit, path)
            return None if found is None else parse(found.decode(errors="replace"), path)
        except ParameterError as fault:
            raise RevisionError(f"in {self.name}: {' '.join(str(fault).split())}") from None

    def stale(self) -> list[str]:
        """List the stages up to evaluate whose lock is not of this revision's files."""
        with git.cloned(self.commit) if self.commit else nullcontext():
            return lock.stale("evaluate")

    def record(self) -> comparison.Record:
        """Return what each model got wrong."""
        found = git.content(self.commit, ANSWERS)
        if found is None:
            raise RevisionError(
                f"{self.name} (commit {self.commit[:7]}) has no {ANSWERS}: its results were not "
                "committed, so there is nothing to compare with"
                if self.commit
                else f"{ANSWERS} cannot be read. `dvc repro`, in the project's folder, makes it"
            )
        try:
            return comparison.parse_record(json.loads(found))
        except (ValueError, RecursionError) as fault:
            raise RevisionError(
                f"{ANSWERS} of {self.name} is not what stage evaluate writes: {fault}. "
                "`dvc repro` rebuilds it."
            ) from None


WORKSPACE = Revision("workspace", None)  # as DVC calls it


def resolve(name: str) -> Revision:
    """Find a revision: `name` as a branch, as git takes it, at origin, or as an experiment.

    For main also the default branch. Of experiments of one name it is the one that starts at HEAD,
    else the newest. Raises RevisionError if there is none, or no git repository.
    """
    branches, candidates = [name], dict[str, str]()
    if name == MAIN:
        branches += [*_lines("rev-parse", "--abbrev-ref", "origin/HEAD"), "master"]
    for branch in branches:
        candidates |= {f"refs/heads/{branch}": branch, branch: branch, f"origin/{branch}": ""}
    listing = ("for-each-ref", "--sort=-committerdate", "--format=%(refname)")
    trials, head = _lines(*listing, "refs/exps/*/*/*"), "".join(_lines("rev-parse", "HEAD"))
    trials.sort(key=lambda ref: head not in ref.replace("/", ""))
    candidates |= {ref: name for ref in trials if ref.rsplit("/")[-1] == name}
    for candidate, shown in candidates.items():
        kind = "" if name.startswith(":/") else "^{commit}"  # all that follows :/ is searched for
        if found := _lines("rev-parse", "--verify", "--quiet", f"{candidate}{kind}"):
            return Revision(shown or candidate, found[0])
    if git.ask("rev-parse", "--is-shallow-repository") == b"true\n":
        raise RevisionError(
            f"{name} is not in this clone, which is shallow: `git fetch --unshallow origin "
            "'+refs/heads/*:refs/remotes/origin/*'`, or fetch-depth: 0 (GIT_DEPTH: 0) in CI"
        )
    there = _lines("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
    there += [ref.rsplit("/")[-1] for ref in trials]
    raise RevisionError(
        f"{name} is not a revision of this repository{nearest(name, there or ['HEAD'])}"
    )


def _lines(*question: str) -> list[str]:
    return (git.ask(*question) or b"").decode(errors="replace").split()


def changes(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    """Return the pairs of values that differ between two documents; None: the key is missing."""
    before, after = leaves(old), leaves(new)
    pairs = {name: (before.get(name), after.get(name)) for name in {**before, **after}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
