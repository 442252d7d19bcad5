"""Run the pipeline with other parameters in a clone of its own; bring back the experiment.

What runs is the last commit, with what -S changes in params.yaml. A trial that exists is not run
again. So any scheduler can start trials, several at once and twice if in doubt: docs/cluster.md.
"""

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from configobj import ConfigObj
from dvc.config import Config
from dvc.exceptions import DvcException
from dvc.utils.hydra import apply_overrides

from digits.cli import git
from digits.cli.revisions import changes
from digits.errors import DigitsError
from digits.params.document import parse


def add_arguments(parser: ArgumentParser) -> None:
    """Add what is tried, of whose code, and where the data are."""
    parser.add_argument("name", metavar="NAME", help="the name of the experiment")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="run up to these, not all")
    parser.add_argument("-S", dest="changes", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--repository", metavar="URL", help="another one than the one here")
    parser.add_argument("--cache", metavar="FOLDER", help="another DVC cache than the one here")


def main(arguments: Namespace) -> None:
    """Run a trial, unless it exists. Raises DigitsError."""
    source, inner, clone = arguments.repository, "", ["git", "clone", "--quiet"]
    if source is None:
        source, inner = git.place()
        for key in ("user.name", "user.email"):
            if value := git.ask("config", key):  # which may be set for this clone alone
                clone += ["--config", f"{key}={os.fsdecode(value).strip()}"]
        if git.ask("status", "--porcelain", "--untracked-files=no"):
            print("not part of the trial: changes that are not committed", file=sys.stderr)
    try:
        here = Config(".dvc" if Path(".dvc").is_dir() else None)
        config = ConfigObj({f'remote "{name}"': here["remote"][name] for name in here["remote"]})
        config["core"] = {key: here["core"][key] for key in ("remote",) if key in here["core"]}
        config["cache"] = {"type": "reflink,symlink,copy", **here["cache"]}  # no copies of the data
        if cache := arguments.cache or here["cache"].get("dir") or (here.dvc_dir and ".dvc/cache"):
            config["cache"]["dir"] = str(Path(cache).resolve())
        with TemporaryDirectory(prefix="digits-trial-") as folder:
            os.environ["DVC_SITE_CACHE_DIR"] = f"{folder}/site"
            _call(*clone, "--", source, f"{folder}/clone")
            with chdir(Path(folder, "clone", inner)):
                config.filename, config.encoding = ".dvc/config.local", "utf-8"
                config.write()
                _run_trial(arguments)
    except (DvcException, OSError, ValueError) as fault:
        said = " ".join(str(fault.__cause__ or fault).split())
        raise DigitsError(f"trial {arguments.name} cannot be run: {said}") from None


def _run_trial(arguments: Namespace) -> None:
    """Run a trial in the clone, which is the current folder; push it to the clone's origin."""
    apply_overrides("params.yaml", arguments.changes)
    name, head = arguments.name, (git.ask("rev-parse", "HEAD") or b"").decode().strip()
    ref = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    if "/" in name or git.ask("check-ref-format", ref) is None:
        raise DigitsError(f"expected a name that git takes for a branch, without /; got {name!r}")
    # by the clone's code, since another commit may have other parameters
    check = "from digits.cli.parameters import check; from digits.process import run; run(check)"
    _call(sys.executable, "-c", check)
    if _exists(ref, name):
        return
    remote, url = Config(".dvc")["core"].get("remote"), arguments.repository
    if url and not remote:
        raise DigitsError(f"{url} has no DVC remote for the results: docs/sharing.md adds one")
    dvc, stages = (sys.executable, "-m", "dvc"), arguments.stages
    _call(*dvc, "exp", "run", f"--name={name}", *["--pull"] * bool(remote), *stages, stderr=None)
    if url:
        _call(*dvc, "push", *stages, stderr=None)
    try:  # the lease: only if it does not exist yet
        _call("git", "push", "--quiet", "--no-verify", f"--force-with-lease={ref}:", "origin", ref)
        print(f"trial {name}: done; `dvc exp show` has it")
    except DigitsError:
        if not _exists(ref, name):
            raise


def _exists(ref: str, name: str) -> bool:
    """Say whether origin has the experiment. Raises DigitsError if with other parameters."""
    if git.ask("fetch", "--quiet", "origin", ref) is None:
        return False
    files = [git.content(revision, "params.yaml") or b"" for revision in ("FETCH_HEAD", None)]
    if found := changes(*(parse(file.decode(), "params.yaml") for file in files)):
        pairs = "; ".join(f"{key} {old}, not {new}" for key, (old, new) in found.items())
        other = f"Take another name, or `dvc exp remove {name}`"
        raise DigitsError(f"there is a trial {name} already, with {pairs}. {other}")
    print(f"trial {name}: exists already")
    return True


def _call(*command: str, stderr: int | None = subprocess.PIPE) -> None:
    """Run a command; raise DigitsError, with what `stderr` holds, if it fails. Kill it with us."""
    with subprocess.Popen(
        command, stdout=sys.stderr, stderr=stderr, errors="replace", start_new_session=True
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
