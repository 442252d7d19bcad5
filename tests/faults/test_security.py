"""What SECURITY.md promises, and can be seen in the code or in a fresh clone."""

import os
import re
import stat
from pathlib import Path

import pytest
import yaml

from digits.datasets.catalogue import CATALOGUE
from digits.datasets.sources import fetch_dataset
from digits.errors import SourceError
from digits.params import read_params
from digits.params.stages import FetchParams
from tests.pipeline import ROOT

UNSAFE = re.compile(
    r"\b(c?[pP]ickle|dill|cloudpickle|joblib|shelve|marshal)\b|(read|to)_pickle"
    r"|(?<![.\w])(eval|exec|compile|__import__)\(|os\.(system|popen)|\.extract(all)?\("
    r"|mktemp\(|unpack_archive|np\.load\((?!.*allow_pickle=False)"
    r"|allow_pickle=True|shell=True|safe_mode=False|enable_unsafe_deserialization"
)


def test_nothing_is_unpickled_evaluated_extracted_or_given_to_a_shell():
    files = [file for name in ("digits", "stages", ".ci") for file in (ROOT / name).rglob("*.py")]
    assert files
    found = [(file.name, found[0]) for file in files for found in UNSAFE.finditer(file.read_text())]
    assert found == []


def test_temporary_folders_are_the_owners_alone(monkeypatch):
    seen = {}

    def look(name, folder):
        seen[folder.name] = stat.S_IMODE(folder.stat().st_mode)
        raise SourceError("enough seen")

    sources = {"one": look, "two": look}
    monkeypatch.setitem(CATALOGUE, "mnist", CATALOGUE["mnist"]._replace(sources=sources))
    asked = read_params(FetchParams).model_copy(update={"source": "mnist", "sha256": None})
    old = os.umask(0)
    try:
        with pytest.raises(SourceError, match="enough seen"):
            fetch_dataset(asked)
    finally:
        os.umask(old)
    assert [*seen.values()] == [0o700, 0o700]


def test_the_installation_asks_for_hashes():
    assert "--require-hashes --requirement $<" in (ROOT / "Makefile").read_text()


def test_workflows_have_least_permissions_and_pinned_actions():
    for file in Path(ROOT, ".github/workflows").glob("*.y*ml"):
        text = file.read_text()
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] in ({}, {"contents": "read"}), file
        for job in workflow["jobs"].values():  # one that may write runs nothing of this repository
            assert "permissions" not in job or not any("run" in step for step in job["steps"]), file
        for used in re.findall(r"uses:\s*(\S+)", text):
            assert used.startswith("./") or re.search(r"@[0-9a-f]{40}$", used), used
