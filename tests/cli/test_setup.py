"""`digits setup`: a private, absolute site cache, with which DVC's experiments run."""

import os
import stat
from hashlib import sha256
from itertools import pairwise

import pytest

from tests import pipeline
from tests.cli.conftest import Small, make

SETTINGS = """\
# mine: Grüße
['remote "storage"']
    url = /home/José/data    # secret
    version_aware = true
[core]
    remote = storage
    # the end
[cache]
    type = hardlink
"""
SAID = "set in .dvc/config.local: a private site cache for DVC\n"


def set_up(small, **options):
    """Run it as `make repro` does, in the C locale."""
    return small.digits("setup", LC_ALL="C", **options)


def value(small, name):
    return small.run("dvc", "config", name).strip()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=["plain", "with space", "josé"])
def clone(request, tmp_path, monkeypatch):
    """A clone in a folder of that name."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return make(tmp_path / request.param / "small")


@pytest.mark.fault("field: DVC's site cache")
def test_a_fresh_clone(clone, tmp_path):
    assert set_up(clone, HOME=tmp_path) == SAID
    site = clone.path("x").joinpath(value(clone, "core.site_cache_dir"))
    assert site.is_absolute()
    assert str(site).isascii()
    assert mode(site) == 0o700
    assert mode(clone.path(".dvc/config.local")) == 0o600
    assert set_up(clone, HOME=tmp_path) == ""
    clone.run("dvc", "status")
    assert list(site.glob("repo/*"))
    assert clone.run("git", "status", "--porcelain") == ""
    if not str(clone.folder).isascii():
        assert str(site).startswith(f"{tmp_path}/.cache/handwritten-digits-")
        assert os.path.realpath(value(clone, "cache.dir")) == str(clone.path(".dvc/cache"))


@pytest.mark.fault("field: DVC's site cache")
def test_other_settings_stay(clone, tmp_path):
    config = clone.path(".dvc/config.local")
    config.write_text(SETTINGS)
    config.chmod(0o640)
    assert set_up(clone, HOME=tmp_path) == SAID
    after = config.read_text().splitlines()
    kept = [line.strip() for line in after if "site_cache" not in line and "dir =" not in line]
    assert kept == [line.strip() for line in SETTINGS.splitlines()]
    assert mode(config) == 0o640
    assert list(config.parent.glob(".*.tmp")) == []
    assert set_up(clone, HOME=tmp_path) == ""


@pytest.mark.fault("field: DVC's site cache")
def test_what_the_user_has_set_stays(clone, tmp_path):
    config = clone.path(".dvc/config.local")
    mine = f"[core]\nsite_cache_dir = {tmp_path}/site\n[cache]\n    dir = {tmp_path}/mine\n"
    config.write_text(mine)
    assert set_up(clone, HOME=tmp_path) == ""
    assert config.read_text() == mine


@pytest.mark.fault("field: DVC's site cache")
def test_a_cache_that_is_set_elsewhere_stays(tmp_path):
    small = make(tmp_path / "josé")
    small.append(".dvc/config", f"[cache]\n    dir = {tmp_path}/mine\n")
    assert set_up(small, HOME=tmp_path) == SAID
    assert value(small, "cache.dir") == f"{tmp_path}/mine"


@pytest.mark.parametrize(
    "old", [".dvc-site-cache", "/gone/.dvc-site-cache", "/a/.dvc/tmp/site-cache"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.fault("field: DVC's site cache")
def test_a_setting_of_before_is_replaced_in_its_place(small, old, end):
    config = small.path(".dvc/config.local")
    lines = ["[core]", f'  site_cache_dir = "{old}" # here', "  remote = storage", ""]
    config.write_bytes(end.join(lines).encode())
    assert set_up(small) == SAID
    lines[1] = f"  site_cache_dir = {small.path('.dvc/tmp/site-cache')}    # here"
    assert config.read_text().split() == "\n".join(lines).split()


@pytest.mark.parametrize("bad", [b"# \xff\n", b"[core\n", b"core = 3\n", b"[core]\nx = 1\nx = 2"])
@pytest.mark.fault("field: DVC's site cache")
def test_settings_that_dvc_cannot_read_stay_as_they_are(small, bad):
    small.path(".dvc/config.local").write_bytes(bad)
    output = set_up(small, code=None)
    assert output.startswith("error: no private cache for DVC can be set here: config file error: ")
    assert output.count("\n") == 1
    assert small.path(".dvc/config.local").read_bytes() == bad


@pytest.mark.slow
@pytest.mark.fault("field: DVC's site cache")
def test_a_clone_that_was_moved(tmp_path):
    names = ("josé", "first", "second", "josé")
    small = make(tmp_path / names[0])
    set_up(small, HOME=tmp_path)
    small.path(".dvc/config.local").write_text(
        f"[core]\n    remote = storage\n{small.path('.dvc/config.local').read_text()[7:]}"
    )
    for old, new in pairwise(names):
        (tmp_path / old).rename(tmp_path / new)
        small = Small(tmp_path / new)
        assert set_up(small, HOME=tmp_path) == SAID
        assert set_up(small, HOME=tmp_path) == ""
        ours = tmp_path / new if new.isascii() else tmp_path / ".cache/handwritten-digits-"
        assert value(small, "core.site_cache_dir").startswith(str(ours))
        assert value(small, "core.remote") == "storage"
        text = small.path(".dvc/config.local").read_text()
        assert ("/cache\n" in text) == (new == "josé")
        assert old == "josé" or f"/{old}/" not in text
        assert mode(small.path("x").joinpath(value(small, "core.site_cache_dir"))) == 0o700
        small.run("dvc", "status")


@pytest.mark.parametrize("home", ["josé", "relative"])
@pytest.mark.fault("field: DVC's site cache")
def test_a_home_of_no_use(tmp_path, home):
    small = make(tmp_path / "josé/small")
    home = tmp_path / home if home == "josé" else home
    assert set_up(small, HOME=home, TMPDIR=tmp_path) == SAID
    site = value(small, "core.site_cache_dir")
    assert site.startswith(f"{tmp_path}/handwritten-digits-")


@pytest.mark.fault("field: DVC's site cache")
def test_a_folder_of_somebody_else_is_not_used(tmp_path):
    small = make(tmp_path / "josé")
    (tmp_path / ".cache").mkdir()
    name = f"handwritten-digits-{sha256(os.fsencode(small.folder)).hexdigest()[:12]}"
    (tmp_path / ".cache" / name).symlink_to(tmp_path)
    output = small.digits("setup", HOME=tmp_path, code=1)
    assert f"{name} is not a folder of yours" in output
    assert not small.path(".dvc/config.local").exists()


def test_what_a_killed_dvc_left_is_mended(small):
    set_up(small)
    lock = small.path("dvc.lock").read_bytes()
    small.path(".dvc/tmp/rwlock").write_text('{"/home/ann/params.yaml": {"rea')
    small.path("dvc.lock").write_bytes(lock[: len(lock) // 2])
    assert set_up(small) == (
        "removed .dvc/tmp/rwlock, which a killed dvc had left half written\n"
        "restored the committed dvc.lock: a killed dvc had left it half written\n"
    )
    assert small.path("dvc.lock").read_bytes() == lock
    small.path("dvc.lock").write_bytes(b"<<<<<<< HEAD\n" + lock)  # for git to mend
    assert set_up(small) == ""
    small.run("git", "rm", "--quiet", "--cached", "dvc.lock")
    small.run("git", "commit", "--quiet", "--message", "without")
    small.path("dvc.lock").write_text("")
    assert set_up(small) == "removed dvc.lock, which a killed dvc had left half written\n"


def test_outside_a_project(tmp_path):
    assert Small(tmp_path).digits("setup", code=1).startswith("error: there is no .dvc here")


def worktree(small):
    small.run("git", "worktree", "add", "--quiet", "../tree", "-b", "tree")
    return Small(small.path("../tree").resolve())


def experiments(small):
    return set(small.run("dvc", "exp", "list", "--name-only", "--all-commits").split())


@pytest.mark.slow
@pytest.mark.parametrize("place", ["plain", "josé", "worktree", "inner"])
@pytest.mark.fault("field: DVC's site cache")
def test_experiments_in_other_folders_run(tmp_path, place):
    folder = tmp_path / (place if place == "josé" else "plain")
    small = make(folder / "ml", top=folder) if place == "inner" else make(folder)
    small = worktree(small) if place == "worktree" else small
    small.run("env", f"HOME={tmp_path}", "LC_ALL=C", f"PYTHONPATH={pipeline.ROOT}",
              "python", "-m", "digits", "setup")  # fmt: skip
    run = ["env", "LC_ALL=C", f"HOME={tmp_path}", "dvc", "exp", "run"]
    small.run(*run, "--temp", "--name", "temp", "--set-param", "train.seed=1")
    wanted = {"temp"}
    if place in ("plain", "josé"):  # the queue runs them in folders of the same kind
        small.run(*run, "--queue", "--name", "queued", "--set-param", "train.seed=2")
        small.run("env", "LC_ALL=C", f"HOME={tmp_path}", "dvc", "queue", "start")
        for _ in range(60):
            status = small.run("dvc", "queue", "status")
            if not {"Queued", "Running"} & set(status.split()):
                break
        assert status.count("Success") == 1, status
        wanted.add("queued")
    assert experiments(small) == wanted
    assert small.run("git", "status", "--porcelain") == ""
