"""`digits setup`: a private, absolute site cache, with which DVC's experiments run."""

import os
import shutil
import stat

import pytest

from tests import pipeline
from tests.cli.conftest import Small, make

SETTINGS = """\
# mine: Grüße
['remote "storage"']
    url = /home/José/data    # secret
[core]
    remote = storage
"""
SAID = "set in .dvc/config.local: a private site cache for DVC\n"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_fresh_clone(tmp_path):
    clone = make(tmp_path / "with späce" / "small")
    site = clone.path(".dvc/tmp/site-cache")
    settings = ("LC_ALL=C", f"PYTHONPATH={pipeline.ROOT}")
    assert clone.run("env", *settings, "python", "-m", "digits", "setup") == SAID
    assert clone.run("dvc", "config", "core.site_cache_dir").strip() == str(site)
    assert {mode(own) for own in site.glob("repo/*")} == {0o700}
    assert mode(clone.path(".dvc/config.local")) == 0o644
    assert clone.digits("setup") == ""
    clone.run("env", "LC_ALL=C", "dvc", "status")
    assert list(site.glob("repo/*"))
    assert clone.run("git", "status", "--porcelain") == ""


@pytest.mark.skipif(not shutil.which("setpriv") or os.geteuid() != 0, reason="needs root")
def test_another_user_gets_a_file_of_a_readable_clone_and_opens_nothing_else(small, tmp_path):
    """The clone's owner is the other one: this user has no right to override."""
    small.path("data").write_text("public")
    small.run("dvc", "add", "--quiet", "data")
    small.digits("setup")
    for path in (small.folder, *small.folder.rglob("*")):
        os.lchown(path, 12345, 12345)
    rights = "--bounding-set=-dac_override,-dac_read_search,-fowner"
    student = ("env", "LOGNAME=student", "setpriv", rights)
    for name in ("one", "two"):
        small.run(*student, "dvc", "get", str(small.folder), "data", "--out", str(tmp_path / name))
        assert (tmp_path / name).read_text() == "public"
    cache = small.path(".dvc/tmp/site-cache/repo")
    owner = next(own for own in cache.iterdir() if own.stat().st_uid == 12345)
    assert "Permission denied" in small.run(*student, "ls", str(owner), code=2)


def test_other_settings_stay(small):
    config = small.path(".dvc/config.local")
    config.write_text(SETTINGS)
    config.chmod(0o640)
    assert small.digits("setup") == SAID
    after = config.read_text().splitlines()
    kept = [line.strip() for line in after if "site_cache" not in line]
    assert kept == [line.strip() for line in SETTINGS.splitlines()]
    assert mode(config) == 0o640
    assert list(config.parent.glob(".*.tmp")) == []
    assert small.digits("setup") == ""


def test_a_site_cache_that_the_user_has_set_stays_and_that_of_another_place_does_not(small):
    config = small.path(".dvc/config.local")
    config.write_text("[core]\nsite_cache_dir = /mine/site\n")
    assert small.digits("setup") == ""
    assert config.read_text() == "[core]\nsite_cache_dir = /mine/site\n"
    config.write_text("[core]\nsite_cache_dir = /gone/.dvc/tmp/site-cache\n")
    assert small.digits("setup") == SAID
    assert str(small.path(".dvc/tmp/site-cache")) in config.read_text()


@pytest.mark.parametrize("bad", [b"# \xff\n", b"[core\n"])
def test_settings_that_dvc_cannot_read_stay_as_they_are(small, bad):
    small.path(".dvc/config.local").write_bytes(bad)
    output = small.digits("setup", code=1)
    assert output.startswith("error: no private cache for DVC can be set here: config file error: ")
    assert output.count("\n") == 1
    assert small.path(".dvc/config.local").read_bytes() == bad


@pytest.mark.parametrize("share", [0, 0.25, 0.99])
def test_a_lock_file_that_was_cut_off(small, share):
    lock = small.path("dvc.lock").read_bytes()
    small.path("dvc.lock").write_bytes(lock[: round(len(lock) * share)])
    restored = "restored the committed dvc.lock: a killed dvc had left it half written\n"
    assert small.digits("setup") == restored + SAID
    assert small.path("dvc.lock").read_bytes() == lock


def test_what_else_a_killed_dvc_left_is_repaired(small):
    small.digits("setup")
    small.path(".dvc/tmp/rwlock").write_text('{"/home/ann/params.yaml": {"rea')
    said = small.digits("setup")
    assert said == "removed .dvc/tmp/rwlock: a killed dvc had left it half written\n"
    conflict = b"<<<<<<< HEAD\n" + small.path("dvc.lock").read_bytes()  # for git
    small.path("dvc.lock").write_bytes(conflict)
    assert small.digits("setup") == ""
    assert small.path("dvc.lock").read_bytes() == conflict
    small.run("git", "rm", "--quiet", "--cached", "dvc.lock")
    small.run("git", "commit", "--quiet", "--message", "without")
    small.path("dvc.lock").write_text("")
    assert small.digits("setup").startswith("removed dvc.lock: a killed dvc")


def test_outside_a_project_and_what_those_who_import_from_here_get(tmp_path):
    assert Small(tmp_path).digits("setup", code=1).startswith("error: there is no .dvc here")
    assert "site_cache_dir" not in pipeline.ROOT.joinpath(".dvc/config").read_text()


@pytest.mark.slow
def test_experiments_in_other_folders_run_in_a_worktree(small, tmp_path):
    small.run("git", "worktree", "add", "--quiet", "../tree", "-b", "tree")
    small = Small(tmp_path / "tree")
    small.digits("setup")
    small.run("dvc", "exp", "run", "--temp", "--name", "temp", "--set-param", "train.seed=1")
    listed = small.run("dvc", "exp", "list", "--name-only", "--all-commits").split()
    assert listed == ["temp"]
    assert small.run("git", "status", "--porcelain") == ""
