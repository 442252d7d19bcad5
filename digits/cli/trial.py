"""Run the pipeline with other parameters in a clone of its own; bring home what came out.

What runs is the last commit of the repository, with what -S changes in params.yaml, in a temporary
folder that is gone afterwards. The result is an experiment of DVC's: `dvc exp show` has it at once,
`dvc exp apply NAME` takes it over. A trial that is there already is not run again. So any engine
can start trials, several at once and twice if in doubt: docs/cluster.md has the commands.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from contextlib import chdir, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from configobj import ConfigObj
from dvc.config import Config
from dvc.exceptions import DvcException
from dvc.utils.hydra import apply_overrides

from digits.cli import git
from digits.cli.revisions import changes
from digits.cli.setup import write
from digits.errors import DigitsError
from digits.params.document import parse

PARAMS = "params.yaml"
CHECK = "from digits.cli.parameters import check; from digits.process import run; run(check)"
"""By the clone's code: that of another commit may have other parameters."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what is tried, of whose code, and where the data are."""
    parser.add_argument("name", metavar="NAME", help="what the experiment is to be called")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="run up to these, not all")
    parser.add_argument(
        "-S", dest="changes", metavar="KEY=VALUE", action="append", default=[],
        help="a parameter, as train.epochs=9; may be repeated",
    )  # fmt: skip
    parser.add_argument("--repository", metavar="URL", help="another one than the one here")
    parser.add_argument("--cache", metavar="FOLDER", help="another DVC cache than the one here")


def main(arguments: Namespace) -> None:
    """Run a trial, unless it is there. Raises DigitsError."""
    source, inner, clone = arguments.repository, "", ["git", "clone", "--quiet"]
    if source is None:
        asked = git.ask("rev-parse", "--show-toplevel", "--show-prefix") or b"\n"
        source, inner = asked.decode().split("\n")[:2]
        for key in ("user.name", "user.email"):
            if value := git.ask("config", key):  # which may be set for this clone alone
                clone += ["--config", f"{key}={value.decode().strip()}"]
        if git.ask("status", "--porcelain", "--untracked-files=no"):
            print("not part of the trial: changes that are not committed", file=sys.stderr)
    config = _settings(arguments.cache)
    # `python` in a stage's command shall be the one that runs this
    path = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
    with TemporaryDirectory(prefix="digits-trial-") as folder:
        _call(*clone, "--", source, f"{folder}/clone")
        with chdir(Path(folder, "clone", inner)):
            config.setdefault("core", {})["site_cache_dir"] = f"{folder}/site"
            write(Path(".dvc/config.local"), config)
            _trial(arguments)


def _settings(cache: str | None) -> ConfigObj:
    """Return DVC's settings for a clone: the remotes known here, keys too, and the cache here."""
    there, config = Path(".dvc").is_dir(), ConfigObj(encoding="utf-8")
    try:
        here = Config(".dvc") if there else {}
    except DvcException as fault:
        raise DigitsError(f"DVC's settings here cannot be used: {fault}") from None
    for name, settings in here.get("remote", {}).items():
        config[f'remote "{name}"'] = settings
    if default := here.get("core", {}).get("remote"):
        config["core"] = {"remote": default}
    if there and not cache:
        cache = here["cache"].get("dir") or ".dvc/cache"
    section = {"type": "reflink,symlink,copy", **here.get("cache", {})}  # no copies of the data
    config["cache"] = section | ({"dir": str(Path(cache).resolve())} if cache else {})
    return config


def _trial(arguments: Namespace) -> None:
    """Run a trial in the clone, which is the current folder, and give it to the clone's origin."""
    if not git.committed(PARAMS):
        raise DigitsError(f"the last commit has no {PARAMS}: this is not the project")
    name, head = arguments.name, (git.ask("rev-parse", "HEAD") or b"").decode().strip()
    ref = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    if "/" in name or git.ask("check-ref-format", ref) is None:
        raise DigitsError(f"expected a name that git takes for a branch, without /; got {name!r}")
    try:
        apply_overrides(PARAMS, arguments.changes)
    except DvcException as fault:
        said = str(fault.__cause__ or fault).splitlines()[0]
        raise DigitsError(f"-S {' '.join(arguments.changes)} cannot be set: {said}") from None
    _call(sys.executable, "-c", CHECK)
    if _is_there(ref, name):
        return
    remote = Config(".dvc")["core"].get("remote")
    if arguments.repository and not remote:
        raise DigitsError(
            f"{arguments.repository} has no DVC remote, by which what the trial makes goes back: "
            "docs/sharing.md adds one"
        )
    dvc = [sys.executable, "-m", "dvc"]
    pull = ["--pull"] if remote else []
    _call(*dvc, "exp", "run", f"--name={name}", *pull, *arguments.stages, shown=True)
    if arguments.repository:
        _call(*dvc, "push", *arguments.stages, shown=True)
    try:  # the lease: only if it is not there yet
        _call("git", "push", "--quiet", "--no-verify", f"--force-with-lease={ref}:", "origin", ref)
    except DigitsError:
        if not _is_there(ref, name):
            raise
    else:
        print(f"trial {name}: done; `dvc exp show` has it")


def _is_there(ref: str, name: str) -> bool:
    """Say whether origin has the experiment. Raises DigitsError if with other parameters."""
    if git.ask("fetch", "--quiet", "origin", ref) is None:
        return False
    theirs, ours = (
        parse((git.content(revision, PARAMS) or b"").decode(), PARAMS)
        for revision in ("FETCH_HEAD", None)
    )
    if found := changes(theirs, ours):
        pairs = [f"{key} {old}, not {new}" for key, (old, new) in found.items()]
        raise DigitsError(
            f"there is a trial {name} already, with {'; '.join(pairs)}. Take another name, or "
            f"`dvc exp remove {name}`"
        )
    print(f"trial {name}: is there already")
    return True


def _call(*command: str, shown: bool = False) -> None:
    """Run a command, to its end or to ours, when all that it has started ends. Raises DigitsError.

    shown: what it prints goes to stderr; if not, into the error's message.
    """
    end = None if shown else subprocess.PIPE
    with psutil.Popen(command, stdout=sys.stderr, stderr=end, errors="replace") as process:
        try:
            _, said = process.communicate()
        except BaseException:
            with suppress(psutil.NoSuchProcess):
                process.suspend()  # so that it starts nothing more
                processes = [*process.children(recursive=True), process]
                for each in processes:
                    with suppress(psutil.NoSuchProcess):
                        each.kill()
                psutil.wait_procs(processes)
            raise
    if process.returncode:
        said = said or f"`{' '.join(command)}` ended with exit code {process.returncode}"
        raise DigitsError(" ".join(said.removeprefix("error: ").split()))
