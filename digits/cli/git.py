"""Ask git. Paths are relative to the project's folder, which may be a part of its repository."""

import os
import subprocess
from pathlib import Path

from digits.errors import RevisionError


def ask(*arguments: str) -> bytes | None:
    """Return git's output, None where git reports that there is none.

    Raises RevisionError where git cannot be asked: it is missing, there is no repository, or git
    distrusts it.
    """
    for command in (arguments, ("rev-parse", "--git-dir")):
        try:
            done = subprocess.run(["git", *command], capture_output=True, check=False)  # noqa: S607
        except OSError as fault:
            raise RevisionError(f"git cannot be run: {fault.strerror}. Install it.") from None
        if done.returncode == 0:
            return done.stdout if command is arguments else None
    reason = " ".join(done.stderr.decode(errors="replace").split())  # it may name the cure
    raise RevisionError(
        f"git cannot be asked here: {reason}. Run this in the project's folder, in a clone of its "
        "git repository"
    )


def content(revision: str | None, path: str) -> bytes | None:
    """Return a file's bytes, None if it does not exist. revision: None for the working folder."""
    if revision:
        return ask("cat-file", "blob", f"{revision}:./{path}")
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def committed(*paths: str) -> list[str]:
    """List the files of HEAD with these names, or in these folders. Raises RevisionError."""
    listed = ask("ls-tree", "-r", "-z", "--name-only", "HEAD", "--", *paths)
    if listed is None:
        raise RevisionError("nothing is committed here: commit the results first")
    return os.fsdecode(listed).split("\0")[:-1]


def modified(*paths: str) -> list[str]:
    """List those of HEAD's files whose bytes differ in the workspace, or that are missing there.

    The bytes themselves are compared, so that neither git's index nor its settings matter. Files
    that are not in HEAD do not count.
    """
    return [path for path in committed(*paths) if content("HEAD", path) != content(None, path)]
