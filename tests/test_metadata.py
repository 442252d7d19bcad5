"""What other services read about this project agrees with it."""

import json
import re
import tomllib

import yaml

from tests.pipeline import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_citation_is_of_this_version_and_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["keywords"] == PROJECT["keywords"]


def test_the_container_builds_by_a_target_with_the_python_of_ci():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    target = re.search(r"make ([a-z-]+)$", container["postCreateCommand"])[1]
    assert re.search(f"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    pipeline = yaml.safe_load((ROOT / ".github/workflows/ci.yaml").read_text())["jobs"]["pipeline"]
    (version,) = (
        step["with"]["python-version"]
        for step in pipeline["steps"]
        if "python-version" in step.get("with", {})
    )
    assert container["image"].startswith(f"python:{version}-")


def test_updates_are_asked_for_where_there_are_versions():
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    folders = {update["package-ecosystem"]: update["directory"] for update in updates}
    assert folders == {"github-actions": "/", "pip": "/requirements"}
    assert list((ROOT / "requirements").glob("*.txt"))
