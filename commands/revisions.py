"""Read what a revision holds: its parameters, its results, its predictions.

What is in git is read by git; the predictions are in DVC's cache or in a remote.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from ruamel.yaml import YAML

from digits.comparing import Accuracy
from digits.errors import DigitsError
from digits.params import nearest


class RevisionError(DigitsError):
    """A revision is not there, or does not hold what is asked of it."""


@dataclass(frozen=True)
class Revision:
    """A commit, or the workspace. Every method raises RevisionError."""

    name: str
    commit: str | None
    """None: the workspace, which is the working folder."""

    def text(self, path: str) -> str:
        """Return the text of a file that is in git."""
        if self.commit is None:
            try:
                return Path(path).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as fault:
                raise RevisionError(
                    f"{path} cannot be read: {fault}. `dvc repro`, in the project's folder, "
                    "makes the results that are compared."
                ) from None
        shown = _git("show", f"{self.commit}:./{path}")
        if shown.returncode:
            raise RevisionError(
                f"{self.name} (commit {self.commit[:7]}) has no {path}: it is older than the "
                "pipeline, or its results were not committed. Compare with another revision."
            )
        return shown.stdout.decode(errors="replace")

    def parameters(self) -> dict[str, Any]:
        """Return the values of params.yaml by their dotted names."""
        try:
            return dict(_leaves(YAML(typ="safe", pure=True).load(self.text("params.yaml"))))
        except RevisionError:
            raise
        except Exception as fault:  # YAMLError, but also what its constructors stumble over
            raise RevisionError(
                f"params.yaml of {self.name} is not valid YAML: {fault}. Mend it, or compare "
                "with another revision."
            ) from None

    def accuracy(self, model: str) -> Accuracy:
        """Return how many test digits a model got right, by the metrics."""
        scores, classes = "metrics/evaluation.json", f"metrics/classes_{model}.csv"
        try:
            errors = json.loads(self.text(scores))[model]["errors"]
            examples = int(pd.read_csv(StringIO(self.text(classes)))["support"].sum())
            if examples < 1 or not 0 <= int(errors) <= examples:
                raise ValueError(f"{errors} errors in {examples} test digits")
        except (KeyError, TypeError, ValueError, RecursionError) as fault:
            raise RevisionError(
                f"{scores} and {classes} of {self.name} are not what stage evaluate writes: "
                f"{type(fault).__name__}: {fault}. `dvc repro` rebuilds them."
            ) from None
        return Accuracy(examples - int(errors), examples)

    def predictions(self, model: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what each test digit is, and what the model took it for: (n,) both."""
        import dvc.api

        path = f"metrics/predictions_{model}.csv"
        try:
            content = dvc.api.read(path, rev=self.commit, mode="rb")
            table = pd.read_csv(BytesIO(content))[["actual", "predicted"]].astype(np.int64)
        except Exception as fault:  # a remote may fail in any way
            missing = isinstance(fault, dvc.exceptions.PathMissingError)
            reason = "they are not there" if missing else (str(fault).splitlines() or ["?"])[0]
            places = "the workspace, " if self.commit is None else ""
            raise RevisionError(
                f"the predictions of {self.name} cannot be had from {places}DVC's cache or a "
                f"remote: {reason} ({path})"
            ) from None
        actual, predicted = table["actual"].to_numpy(), table["predicted"].to_numpy()
        counts = self.accuracy(model)
        if (int((actual == predicted).sum()), len(actual)) != (counts.right, counts.examples):
            raise RevisionError(f"{path} and metrics/evaluation.json of {self.name} do not agree")
        return actual, predicted


WORKSPACE = Revision("workspace", None)


def resolve(name: str) -> Revision:
    """Find a revision: `name`, or else the branch of that name at origin.

    Raises RevisionError if there is none, or no git repository.
    """
    for candidate in (name, f"origin/{name}"):
        found = _git("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")
        if found.returncode == 0:
            return Revision(candidate, found.stdout.decode().strip())
    shallow = _git("rev-parse", "--is-shallow-repository")
    if shallow.returncode:
        said = shallow.stderr.decode(errors="replace").strip().splitlines() or ["?"]
        raise RevisionError(
            f"git cannot look for {name}: {said[0]}. Run this in the project's folder, "
            "in a clone of its git repository."
        )
    if shallow.stdout.strip() == b"true":
        raise RevisionError(
            f"{name} is not in this clone, which is shallow: it holds the newest commits alone. "
            "Get the others: `git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'`, "
            "in a workflow `fetch-depth: 0` of actions/checkout."
        )
    refs = _git("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
    there = refs.stdout.decode(errors="replace").split() or ["HEAD"]
    raise RevisionError(f"{name} is not a revision of this repository{nearest(name, there)}")


def stale(stage: str) -> list[str]:
    """Name the stages up to `stage` whose results in the workspace are not of its code and values.

    What is missing is not counted: in a clone without data the rest may well be in order.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            found = repo.status([stage], with_deps=True)
    except DvcException as fault:
        raise RevisionError(f"DVC cannot look at the workspace: {fault}") from None
    return sorted(name for name, changes in found.items() if "modified" in _values(changes))


def _values(node: Any) -> list[Any]:
    """List the values in nested dicts and lists."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        return [value for child in node for value in _values(child)]
    return [node]


def _leaves(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) for each value; a list is one."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, node


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S607
    except OSError as fault:
        raise RevisionError(f"git cannot be run: {fault.strerror}. Install it.") from None
