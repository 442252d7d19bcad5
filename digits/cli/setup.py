"""Make this clone ready for DVC; repair what a killed DVC left.

DVC keeps a second cache, and unpickles what it finds there. By default that folder is one of the
machine, open to all users: here it becomes one of the clone. Its path in .dvc/config.local is
absolute, since experiments run in other folders, so run this again in a clone that was moved. Other
users who may read the clone can run `dvc get` on it: each gets a folder of their own in the cache,
beside the owner's, which is private. A line is printed where something was changed.
"""

import json
import shutil
from argparse import Namespace
from collections.abc import Callable
from getpass import getuser
from pathlib import Path
from tempfile import mkdtemp

from configobj import ConfigObj, ConfigObjError  # with which DVC reads its settings
from dvc.config import Config
from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.utils.serialize import parse_yaml

from digits.cli import git
from digits.errors import DigitsError, OutputError
from digits.files.atomic import replacing, write_bytes


def main(arguments: Namespace) -> None:
    """Set the site cache, repair DVC's files. Raises DigitsError."""
    if not Path(".dvc").is_dir():
        raise DigitsError("there is no .dvc here. Run this in the project's folder")
    try:
        getuser()
    except (KeyError, OSError):  # in a container, say, that runs under any number
        raise DigitsError("DVC needs a name of this user, who has none: set LOGNAME") from None
    repair(".dvc/tmp/rwlock", json.loads)
    repair("dvc.lock", lambda content: Lockfile.validate(parse_yaml(content.decode(), "dvc.lock")))
    site, path = Path(".dvc/tmp/site-cache").resolve(), Path(".dvc/config.local").resolve()
    try:
        old = Config(".dvc")["core"].get("site_cache_dir", "")
        if old and Path(old).parts[-2:] != site.parts[-2:]:  # the user's own
            return
        if old != str(site) or not site.is_dir():
            config = ConfigObj(str(path), encoding="utf-8")
            config.setdefault("core", {})["site_cache_dir"] = str(site)
            make_site_cache(site)
            path.touch()
            with replacing(str(path)) as temporary:
                shutil.copy(path, temporary)  # a file that may hold keys stays private
                config.filename = str(temporary)
                config.write()
            print("set in .dvc/config.local: a private site cache for DVC")
    except (ConfigObjError, DvcException, OSError, UnicodeError) as fault:
        raise OutputError(
            f"no private cache for DVC can be set here: {fault}. If the clone is somebody "
            "else's, take one of your own"
        ) from None


def make_site_cache(site: Path) -> None:
    """Make an empty site cache, and in it the owner's folder before anyone else can."""
    if site.exists():  # with folders of others, which may stay
        old = site.rename(Path(mkdtemp(dir=site.parent), "old"))
        shutil.rmtree(old.parent, ignore_errors=True)
    users = site / "repo"  # so DVC calls it
    users.mkdir(mode=0o700, parents=True)
    Repo(".", config={"core": {"site_cache_dir": str(site)}}).close()  # makes the owner's
    for own in users.iterdir():
        own.chmod(0o700)
    site.chmod(0o711)
    users.chmod(0o1733)  # others can neither list nor remove what is not theirs


def repair(name: str, read: Callable[[bytes], object]) -> None:
    """Restore the committed file if DVC, by `read`, cannot; remove it where none is committed.

    DVC rewrites these files in place: killed on the way, it leaves a part, at which every later
    `dvc repro` fails. A file with conflict markers is left for git.
    """
    content, committed = git.content(None, name), git.content("HEAD", name)
    if content in (None, committed) or b"<<<<<<< " in content:
        return
    try:
        if not content.endswith((b"\n", b"}")):  # a part of the file may be valid, too
            raise ValueError
        read(content)
    except (DvcException, ValueError):
        if committed is None:
            Path(name).unlink()
        else:
            write_bytes(name, committed)
        what = "removed" if committed is None else "restored the committed"
        print(f"{what} {name}: a killed dvc had left it half written")
