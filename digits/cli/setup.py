"""Make this clone ready for DVC; mend what a killed DVC left.

DVC keeps a cache of its own beside that of the data, and unpickles what it finds there: it gets a
private folder, by its absolute path in .dvc/config.local, since experiments run in other folders.
Run it again where a clone was moved. A line is printed where something was changed.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from configobj import ConfigObj, ConfigObjError  # with which DVC reads its settings
from dvc.config import Config
from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.utils.serialize import parse_yaml

from digits.cli import git
from digits.errors import DigitsError, OutputError
from digits.files.atomic import replacing, write_bytes

OURS = re.compile(r"(.*[/\\])?(\.dvc-site-cache|tmp[/\\]site-cache|handwritten-digits[-/\\].*)")
"""Values that this, or an earlier version of it, has set; others are the user's."""


def main(arguments: Namespace) -> None:
    """Make ready and mend. Raises DigitsError."""
    if not Path(".dvc").is_dir():
        raise DigitsError("there is no .dvc here. Run this in the project's folder")
    mend(".dvc/tmp/rwlock", json.loads)
    mend("dvc.lock", lambda content: Lockfile.validate(parse_yaml(content.decode(), "dvc.lock")))
    path = Path(".dvc/config.local").resolve()  # what a link points to, not the link
    try:
        there, (site, cache) = Config(".dvc"), caches(Path.cwd())
        config = ConfigObj(str(path), encoding="utf-8")
        before = config.dict()
        for section, key, value in (("core", "site_cache_dir", site), ("cache", "dir", cache)):
            old = there[section].get(key)
            if old and not OURS.fullmatch(old):
                continue
            section = next((name for name in config.sections if name.lower() == section), section)
            if value:
                config.setdefault(section, {})[key] = value
            else:
                config.get(section, {}).pop(key, None)
        if config.dict() != before:
            write(path, config)
            print("set in .dvc/config.local: a private site cache for DVC")
    except (ConfigObjError, DvcException, OSError, UnicodeError) as fault:
        raise OutputError(
            f"no private cache for DVC can be set here: {fault}. If the clone is somebody "
            "else's, take one of your own"
        ) from None


def caches(clone: Path) -> tuple[str, str | None]:
    """Make the private folder; return it, and where DVC is to find its cache, None for .dvc/cache.

    DVC copies these paths to where an experiment runs, and can write only ASCII there. A clone
    whose own path has other letters gets a folder elsewhere, with a link to its cache.
    """
    site = clone / ".dvc/tmp/site-cache"
    if str(site).isascii():
        private(site)
        return str(site), None
    home = Path(os.path.expanduser("~/.cache"))  # noqa: PTH111 (Path's own fails without a home)
    above = home if home.is_absolute() and str(home).isascii() else Path(tempfile.gettempdir())
    site = above / f"handwritten-digits-{hashlib.sha256(os.fsencode(clone)).hexdigest()[:12]}"
    private(site)
    cache, link = clone / ".dvc/cache", site / "cache"
    cache.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(cache, target_is_directory=True)
    return str(site), str(link)


def private(folder: Path) -> None:
    """Make a folder that is the user's alone: mode 0700. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or (os.name == "posix" and folder.stat().st_uid != os.getuid()):
        raise PermissionError(f"{folder} is not a folder of yours")
    folder.chmod(0o700)


def write(path: Path, config: ConfigObj) -> None:
    """Write DVC's settings, comments too, to a file of the same mode; a new one may hold secrets.

    (`dvc config` drops comments, and empties the file where it holds other letters than ASCII.)
    """
    path.touch(mode=0o600)
    with replacing(str(path)) as temporary:
        temporary.touch(mode=0o600)
        shutil.copymode(path, temporary)
        with temporary.open("wb") as file:
            config.write(file)


def mend(name: str, read: Callable[[bytes], object]) -> None:
    """Restore the committed file if DVC, by `read`, cannot; remove it where none is committed.

    DVC rewrites these in place: killed in the middle, every later `dvc repro` would fail. What they
    had of newer runs, DVC finds again. A file with conflict markers is left for git.
    """
    content, committed = git.content(None, name), git.content("HEAD", name)
    if content in (None, committed) or b"<<<<<<< " in content:
        return
    try:
        if not content.endswith((b"\n", b"}")):  # a cut line may read well all the same
            raise ValueError
        read(content)
    except (DvcException, ValueError):
        if committed is None:
            Path(name).unlink()
            print(f"removed {name}, which a killed dvc had left half written")
        else:
            write_bytes(name, committed)
            print(f"restored the committed {name}: a killed dvc had left it half written")
