"""Make this clone ready for DVC; mend what a killed DVC left.

DVC keeps a cache of its own beside that of the data, and unpickles what it finds there: it gets a
private folder, by its absolute path in .dvc/config.local, since experiments run in other folders.
Run it again where a clone was moved. A line is printed where something was changed.
"""

import hashlib
import json
import os
import re
import stat
import tempfile
from argparse import Namespace
from pathlib import Path

from digits.cli import git
from digits.errors import DigitsError, OutputError, RevisionError
from digits.files.atomic import replacing, write_bytes

PLAIN = re.compile(r"[\w /\\:.,+@~=-]+", re.ASCII)
"""A path that DVC can write into the settings of an experiment, and that needs no quotes there."""
OURS = re.compile(r"(.*[/\\])?(\.dvc-site-cache|tmp[/\\]site-cache|handwritten-digits[/\\].*)")
"""Values that this, or an earlier version of the documents, has set; others are the user's."""


def main(arguments: Namespace) -> None:
    """Make ready and mend. Raises DigitsError."""
    if not Path(".dvc").is_dir():
        raise DigitsError("there is no .dvc here. Run this in the project's folder")
    mend_rwlock(Path(".dvc/tmp/rwlock"))
    mend_dvc_lock(Path("dvc.lock"))
    path = Path(".dvc/config.local").resolve()  # what a link points to, not the link
    try:
        settings = caches(Path.cwd())
        old = text(path)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
    except OSError as fault:
        raise OutputError(f"no private cache for DVC can be made: {fault}") from None
    new = old
    for (section, key), value in settings.items():
        new = setting(new, section, key, value)
    if new == old:
        return
    with replacing(str(path)) as temporary:
        temporary.touch(mode=0o600)  # it may hold secrets
        temporary.write_bytes(new.encode(errors="surrogateescape"))
        temporary.chmod(mode)
    print("set in .dvc/config.local: a private site cache for DVC")


def caches(clone: Path) -> dict[tuple[str, str], str | None]:
    """Make the private folder; return what is to be set, None for what is not to be there.

    DVC copies these paths to where an experiment runs, and can write only ASCII there. A clone
    whose own path has other letters gets a folder elsewhere, with a link to its cache.
    """
    site = clone / ".dvc/tmp/site-cache"
    if PLAIN.fullmatch(str(site)):
        private(site)
        return {("core", "site_cache_dir"): str(site), ("cache", "dir"): None}
    home = Path("~").expanduser() if "HOME" in os.environ else Path()
    usable = home.is_absolute() and PLAIN.fullmatch(str(home)) and os.access(home, os.W_OK)
    above = (home / ".cache" if usable else Path(tempfile.gettempdir())) / "handwritten-digits"
    folder = above / hashlib.sha256(os.fsencode(clone)).hexdigest()[:12]
    for each in (above, folder, folder / "site"):
        private(each)
    cache, link = clone / ".dvc/cache", folder / "cache"
    cache.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(cache, target_is_directory=True)
    others = [clone / ".dvc/config", Path(os.path.expanduser("~/.config/dvc/config"))]  # noqa: PTH111
    own = any(re.search(r"(?im)^\[cache\][^\[]*^\s*dir\s*=", text(path)) for path in others)
    return {
        ("core", "site_cache_dir"): str(folder / "site"),
        ("cache", "dir"): None if own else str(link),
    }


def text(path: Path) -> str:
    """Return what a file holds, "" if there is none; other encodings can be written back."""
    return path.read_bytes().decode(errors="surrogateescape") if path.exists() else ""


def private(folder: Path) -> None:
    """Make a folder that is the user's alone: mode 0700. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or (os.name == "posix" and folder.stat().st_uid != os.getuid()):
        raise PermissionError(f"{folder} is not a folder of yours")
    folder.chmod(0o700)


def setting(config: str, section: str, key: str, value: str | None) -> str:
    """Return the text of a DVC config with a value of ours set, None: taken out.

    Every other line stays, and so does a value of the user's own, unless it is a relative site
    cache. (`dvc config` writes ASCII alone, and has emptied the file where it held other letters.)
    """
    end = "\r\n" if "\r\n" in config else "\n"
    head = re.search(rf"(?im)^\ufeff?[ \t]*\[ *{section} *\].*\n?", config)
    if head is None:
        gap = end if config and not config.endswith("\n") else ""
        return config if value is None else f"{config}{gap}[{section}]{end}    {key} = {value}{end}"
    following = re.compile(r"(?m)^[ \t]*\[").search(config, head.end())
    line = re.compile(rf"(?im)^([ \t]*{key}[ \t]*=[ \t]*)(.*?)([ \t]+#.*)?$\n?").search(
        config, head.end(), following.start() if following else len(config)
    )
    if line is None:
        added = "" if value is None else f"    {key} = {value}{end}"
        gap = end if added and not head[0].endswith("\n") else ""
        return f"{config[: head.end()]}{gap}{added}{config[head.end() :]}"
    there = line[2].strip().strip("'\"")
    if not OURS.fullmatch(there) and (section == "cache" or Path(there).is_absolute()):
        return config
    mended = "" if value is None else f"{line[1]}{value}{(line[3] or '').rstrip()}{end}"
    return f"{config[: line.start()]}{mended}{config[line.end() :]}"


def mend_rwlock(path: Path) -> None:
    """Remove DVC's list of who reads and writes what if it is cut off.

    DVC rewrites it in place. Where it was killed in the middle, every later `dvc repro` would end
    with "Unable to read RWLock-file"; without the file it begins a new one.
    """
    try:
        json.loads(path.read_bytes())
    except OSError:
        return
    except ValueError:
        path.unlink(missing_ok=True)
        print(f"removed {path}, which a killed dvc had left half written")


def mend_dvc_lock(path: Path) -> None:
    """Restore the committed dvc.lock if it is cut off; remove it where none is committed.

    DVC rewrites it in place. Where it was killed in the middle, every later `dvc repro` would end
    with "'./dvc.lock' validation failed". What the file had of newer runs, DVC finds again in its
    run-cache. A file with conflict markers is left for git.
    """
    try:
        content = path.read_bytes()
        committed = git.content("HEAD", str(path)) or b""
    except (OSError, RevisionError):  # no such file; no git
        return
    if (content and content == committed) or b"<<<<<<< " in content or is_lock(content):
        return
    if is_lock(committed):
        write_bytes(str(path), committed)
        print(f"restored the committed {path}: a killed dvc had left it half written")
    else:
        path.unlink()
        print(f"removed {path}, which a killed dvc had left half written")


def is_lock(content: bytes) -> bool:
    """Say whether DVC accepts `content` as a dvc.lock."""
    from dvc.dvcfile import Lockfile  # slow, and seldom needed
    from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
    from dvc.utils.strictyaml import YAMLValidationError

    try:
        Lockfile.validate(parse_yaml(content.decode(), "dvc.lock"))
    except (UnicodeDecodeError, YAMLFileCorruptedError, YAMLValidationError):
        return False
    return True
