"""Ask git. Paths are relative to the project's folder, which may be a part of its repository."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from digits.errors import RevisionError


def ask(*arguments: str) -> bytes | None:
    """Return git's output, None where git reports that there is none.

    Objects are as everybody gets them, not as `git replace` or a graft shows them here. Raises
    RevisionError where git is missing, there is no repository, or git distrusts it.
    """
    own = os.environ | {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}
    for command in (arguments, ("rev-parse", "--git-dir")):
        try:
            done = subprocess.run(["git", *command], capture_output=True, env=own)  # noqa: S607
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


def files() -> dict[str, bytes | None]:
    """Return the bytes in the working folder of each file of HEAD, None if it does not exist."""
    listed = ask("ls-tree", "-r", "-z", "--name-only", "HEAD") or b""
    return {path: content(None, path) for path in os.fsdecode(listed).split("\0")[:-1]}


def place() -> tuple[str, str]:
    """Return the top of the working tree, and the path of the current folder in it."""
    asked = ask("rev-parse", "--show-toplevel", "--show-prefix") or b"\n"
    top, inner = os.fsdecode(asked).split("\n")[:2]
    return top, inner


@contextmanager
def cloned(commit: str = "HEAD") -> Iterator[Path]:
    """Work in a temporary clone of a commit; yield the folder before. Raises RevisionError.

    The clone has no hooks, and git's variables do not lead out of it.
    """
    top, inner = place()
    here, variables = Path.cwd(), {x: os.environ[x] for x in os.environ if x[:4] == "GIT_"}
    with TemporaryDirectory(prefix="digits-", ignore_cleanup_errors=True) as folder:
        clone = f"{folder}/up/up/up/clone"  # so that ../pictures may lie beside it
        options = ["--quiet", "--shared", "--no-checkout", "--template="]
        ask("clone", *options, f"--config=core.hooksPath={os.devnull}", "--", top, clone)
        try:
            for name in variables:
                del os.environ[name]
            if ask("-C", clone, "checkout", "--quiet", "--detach", commit) is None:
                raise RevisionError(f"git cannot check out the commit {commit} in a clone")
            with chdir(Path(clone, inner)):
                yield here
        finally:
            os.environ.update(variables)
