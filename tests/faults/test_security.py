"""What SECURITY.md promises, and can be seen in the code or in a fresh clone."""

import ast
import os
import re
import stat
from pathlib import Path

import pytest
import yaml

from digits.datasets.sources import fetch_dataset
from digits.errors import SourceError
from tests import pipeline
from tests.datasets.test_sources import known, params
from tests.faults.ending import fails, main_of

CODE = [
    file
    for folder in ("digits", "stages", ".ci")
    for file in (pipeline.ROOT / folder).rglob("*.py")
]
UNSAFE = {
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal",
    "read_pickle", "to_pickle", "eval", "exec", "compile", "__import__", "system", "popen",
    "extract", "extractall", "mktemp", "unpack_archive", "enable_unsafe_deserialization",
}  # fmt: skip
MODEL_COMPILE = {"compile"}  # of a Keras model: digits/training/train.py


def called(tree):
    """(name, call) of every call; the last part of a dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            yield name, node


@pytest.mark.fault("security: unsafe calls in the code")
def test_nothing_is_unpickled_evaluated_extracted_or_given_to_a_shell():
    found = []
    for file in CODE:
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name.split(".")[0] for alias in node.names}
                names.add((getattr(node, "module", "") or "").split(".")[0])
                found += [(file.name, name) for name in names & UNSAFE]
        for name, call in called(tree):
            method = isinstance(call.func, ast.Attribute)
            if ast.unparse(call.func) == "platform.system":
                continue
            if name in UNSAFE and not (name in MODEL_COMPILE and method):
                found.append((file.name, name))
            for keyword in call.keywords:
                value = getattr(keyword.value, "value", None)
                if (keyword.arg, value) in {
                    ("allow_pickle", True),
                    ("shell", True),
                    ("safe_mode", False),
                }:
                    found.append((file.name, keyword.arg))
            if name == "load" and ast.unparse(call.func) == "np.load":
                assert "allow_pickle=False" in ast.unparse(call)
    assert found == []


@pytest.mark.fault("security: DVC's site cache")
def test_a_clone_that_was_set_up_keeps_dvcs_cache_to_its_owner(built, tmp_path, monkeypatch):
    """DVC unpickles what it finds there; by default it is /var/tmp/dvc, mode 0777."""
    monkeypatch.delenv("DVC_SITE_CACHE_DIR", raising=False)
    clone = pipeline.Project(tmp_path / "clone")
    built.run("git", "clone", "--quiet", ".", str(clone.folder))
    assert "site_cache_dir" not in clone.path(".dvc/config").read_text()
    clone.run("python", "-m", "digits", "setup")
    private = clone.path(".dvc/tmp/site-cache")
    assert f"site_cache_dir = {private}\n" in clone.path(".dvc/config.local").read_text()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    clone.run("dvc", "status")
    for folder in (clone.folder, clone.path("tests")):  # in a folder below it is the same
        told = pipeline.Project(folder).run("dvc", "doctor")
        assert f"Repo.site_cache_dir: {private}/repo/" in told
    assert list(private.rglob("*.db"))
    assert list(clone.folder.rglob("site-cache")) == [private]
    assert clone.run("git", "status", "--porcelain") == ""


@pytest.mark.fault("security: temporary files")
def test_temporary_folders_are_the_owners_alone(project, tmp_path, monkeypatch):
    seen = []

    def look(name, folder):
        seen.append((folder.name, stat.S_IMODE(folder.stat().st_mode)))
        raise SourceError("enough seen")

    known(monkeypatch, {"one": look, "two": look})
    old = os.umask(0)
    try:
        with pytest.raises(SourceError, match="enough seen"):
            fetch_dataset(params("mnist"))
    finally:
        os.umask(old)
    assert [mode for _, mode in seen] == [0o700, 0o700]
    assert seen[0][0] != seen[1][0]


@pytest.mark.fault("security: a name with a command in it")
def test_a_source_is_a_name_and_never_a_command(project):
    for name in ("$(touch spy)", "x; touch spy", "`touch spy`", "|touch spy", "--help"):
        project.set("fetch.source", name)
        assert name in fails(project, main_of("fetch"))
        assert not project.path("spy").exists()


@pytest.mark.fault("security: what is installed")
@pytest.mark.parametrize("name", ["runtime", "test"])
def test_every_dependency_is_pinned_with_hashes(name):
    text = (pipeline.ROOT / f"requirements/{name}.txt").read_text()
    pins = re.findall(r"^([\w.\-\[\]]+)==(\S+).*?(?=^\w|\Z)", text, re.MULTILINE | re.DOTALL)
    blocks = re.split(r"^(?=[\w.\-\[\]]+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins) > 30
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"https?://", text)
    assert "--require-hashes" in (pipeline.ROOT / "Makefile").read_text()


@pytest.mark.fault("security: workflow files")
def test_workflows_have_least_permissions_and_pinned_actions():
    for file in Path(pipeline.ROOT, ".github/workflows").glob("*.y*ml"):
        text = file.read_text()
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] in ({}, {"contents": "read"}), file
        for job in workflow["jobs"].values():  # one that may write runs nothing of this repository
            assert "permissions" not in job or not any("run" in step for step in job["steps"]), file
        for used in re.findall(r"uses:\s*(\S+)", text):
            assert used.startswith("./") or re.search(r"@[0-9a-f]{40}$", used), used
