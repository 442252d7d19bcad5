"""Run the pipeline with other parameters in a clone of its own; bring back the experiment.

What runs is the last commit of the repository, with what -S changes in params.yaml, in a temporary
folder that is removed afterwards. The result is a DVC experiment: `dvc exp show` lists it,
`dvc exp apply NAME` takes it over. A trial that exists already is not run again. So any scheduler
can start trials, several at once and twice if in doubt: docs/cluster.md has the commands.
"""

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from configobj import ConfigObj
from dvc.config import Config
from dvc.exceptions import DvcException
from dvc.utils.hydra import apply_overrides

from digits.cli import git
from digits.cli.revisions import changes
from digits.errors import DigitsError
from digits.params.document import parse

PARAMS = "params.yaml"


def add_arguments(parser: ArgumentParser) -> None:
    """Add what is tried, of whose code, and where the data are."""
    parser.add_argument("name", metavar="NAME", help="the name of the experiment")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="run up to these, not all")
    change: dict[str, Any] = {
        "action": "append",
        "default": [],
        "help": "a parameter, as train.epochs=9",
    }
    parser.add_argument("-S", dest="changes", metavar="KEY=VALUE", **change)
    parser.add_argument("--repository", metavar="URL", help="another one than the one here")
    parser.add_argument("--cache", metavar="FOLDER", help="another DVC cache than the one here")


def main(arguments: Namespace) -> None:
    """Run a trial, unless it exists. Raises DigitsError."""
    source, inner, clone = arguments.repository, "", ["git", "clone", "--quiet"]
    if source is None:
        asked = git.ask("rev-parse", "--show-toplevel", "--show-prefix") or b"\n"
        source, inner = asked.decode().split("\n")[:2]
        for key in ("user.name", "user.email"):
            if value := git.ask("config", key):  # which may be set for this clone alone
                clone += ["--config", f"{key}={value.decode().strip()}"]
        if git.ask("status", "--porcelain", "--untracked-files=no"):
            print("not part of the trial: changes that are not committed", file=sys.stderr)
    try:
        config = _settings(arguments.cache)
        with TemporaryDirectory(prefix="digits-trial-") as folder:
            os.environ["DVC_SITE_CACHE_DIR"] = f"{folder}/site"
            _call(*clone, "--", source, f"{folder}/clone")
            with chdir(Path(folder, "clone", inner)):
                config.filename, config.encoding = ".dvc/config.local", "utf-8"
                config.write()
                _run_trial(arguments)
    except (DvcException, OSError) as fault:
        said = str(fault.__cause__ or fault).splitlines()[0]
        raise DigitsError(f"trial {arguments.name} cannot be run: {said}") from None


def _settings(cache: str | None) -> ConfigObj:
    """Return DVC's settings for the clone: the remotes known here, with keys, and the cache."""
    there = Path(".dvc").is_dir()
    here = Config(".dvc" if there else None)
    remotes = {f'remote "{name}"': remote for name, remote in here["remote"].items()}
    links = {"type": "reflink,symlink,copy"}  # no copies of the data
    if there and not cache:
        cache = here["cache"].get("dir") or ".dvc/cache"
    path = {"dir": str(Path(cache).resolve())} if cache else {}
    core = {"remote": here["core"]["remote"]} if "remote" in here["core"] else {}
    return ConfigObj({**remotes, "core": core, "cache": links | here["cache"] | path})


def _run_trial(arguments: Namespace) -> None:
    """Run a trial in the clone, which is the current folder; push it to the clone's origin."""
    if not git.committed(PARAMS):
        raise DigitsError(f"the last commit has no {PARAMS}: this is not the project")
    name, head = arguments.name, (git.ask("rev-parse", "HEAD") or b"").decode().strip()
    ref = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    if "/" in name or git.ask("check-ref-format", ref) is None:
        raise DigitsError(f"expected a name that git takes for a branch, without /; got {name!r}")
    apply_overrides(PARAMS, arguments.changes)
    # by the clone's code, since another commit may have other parameters
    check = "from digits.cli.parameters import check; from digits.process import run; run(check)"
    _call(sys.executable, "-c", check)
    if _exists(ref, name):
        return
    remote, url = Config(".dvc")["core"].get("remote"), arguments.repository
    if url and not remote:
        raise DigitsError(f"{url} has no DVC remote for the results: docs/sharing.md adds one")
    dvc, pull = (sys.executable, "-m", "dvc"), ["--pull"] if remote else []
    _call(*dvc, "exp", "run", f"--name={name}", *pull, *arguments.stages, shown=True)
    if url:
        _call(*dvc, "push", *arguments.stages, shown=True)
    try:  # the lease: only if it does not exist yet
        _call("git", "push", "--quiet", "--no-verify", f"--force-with-lease={ref}:", "origin", ref)
    except DigitsError:
        if not _exists(ref, name):
            raise
    else:
        print(f"trial {name}: done; `dvc exp show` has it")


def _exists(ref: str, name: str) -> bool:
    """Say whether origin has the experiment. Raises DigitsError if with other parameters."""
    if git.ask("fetch", "--quiet", "origin", ref) is None:
        return False
    files = [git.content(revision, PARAMS) or b"" for revision in ("FETCH_HEAD", None)]
    if found := changes(*(parse(file.decode(), PARAMS) for file in files)):
        pairs = [f"{key} {old}, not {new}" for key, (old, new) in found.items()]
        raise DigitsError(
            f"there is a trial {name} already, with {'; '.join(pairs)}. Take another name, or "
            f"`dvc exp remove {name}`"
        )
    print(f"trial {name}: exists already")
    return True


def _call(*command: str, shown: bool = False) -> None:
    """Run a command to its end; if we are stopped, kill it and all that it has started.

    shown: what it prints goes to stderr, else into the message of the DigitsError that is raised.
    """
    end = None if shown else subprocess.PIPE
    with subprocess.Popen(
        command, stdout=sys.stderr, stderr=end, errors="replace", start_new_session=True
    ) as process:
        try:
            _, said = process.communicate()
        except BaseException:
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        said = said or f"`{' '.join(command)}` ended with exit code {process.returncode}"
        raise DigitsError(" ".join(said.removeprefix("error: ").split()))
