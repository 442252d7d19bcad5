"""Ask git. Paths are those of the project's folder, which may be a part of its repository."""

import os
import subprocess
from pathlib import Path

from digits.errors import RevisionError


def ask(*arguments: str) -> bytes | None:
    """Return what git answers, None where it says no.

    Raises RevisionError where it cannot be asked: no git, no repository, one that it distrusts.
    """
    done = _run(*arguments)
    if done.returncode == 0:
        return done.stdout
    here = _run("rev-parse", "--git-dir")
    if here.returncode == 0:
        return None
    reason = " ".join(here.stderr.decode(errors="replace").split())  # it may name the cure
    raise RevisionError(
        f"git cannot be asked here: {reason}. Run this in the project's folder, in a clone of its "
        "git repository"
    )


def content(revision: str | None, path: str) -> bytes | None:
    """Return a file's bytes, None where it is not; revision: None for the working folder."""
    if revision:
        return ask("cat-file", "blob", f"{revision}:./{path}")
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def committed(*paths: str) -> list[str]:
    """List the files of HEAD in these folders, or under these names."""
    listed = ask("ls-tree", "-r", "-z", "--name-only", "HEAD", "--", *paths)
    if listed is None:
        raise RevisionError("nothing is committed here: commit the results first")
    return os.fsdecode(listed).split("\0")[:-1]


def changed(*paths: str) -> list[str]:
    """List those of HEAD's files that hold other bytes in the workspace, or are not there.

    The bytes themselves are compared: what is staged, ignored or assumed unchanged, and what
    `git diff` is set to show, makes no difference. Files that are not in HEAD do not count.
    """
    return [path for path in committed(*paths) if content("HEAD", path) != content(None, path)]


def _run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S607
    except OSError as fault:
        raise RevisionError(f"git cannot be run: {fault.strerror}. Install it.") from None
