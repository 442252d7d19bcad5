"""docs/sharing.md: every command of it; the remote is a folder, then one behind a socket."""

import getpass
import re
import shutil
import tomllib

import pytest

from tests.document import Document
from tests.pipeline import ROOT, Project
from tests.servers import ssh

pytestmark = pytest.mark.slow
MODEL = "models/hidden.keras"
ARRAY = "data/processed/train/images.npy"


@pytest.fixture
def published(project, tmp_path):
    """A bare repository that `project` pushes to."""
    project.run("git", "clone", "--quiet", "--bare", ".", str(tmp_path / "published.git"))
    project.run("git", "remote", "add", "origin", str(tmp_path / "published.git"))
    return tmp_path / "published.git"


def test_every_command_of_the_document(project, published, tmp_path):
    storage = tmp_path / "storage"
    document = Document("docs/sharing.md", project, STORAGE=storage, PROJECT=published)
    built = project.path(MODEL).read_bytes()

    document.run("A remote")
    assert clean(project)
    assert "files pushed" in document.run("Push")
    project.run("git", "push", "--quiet", "origin", "main")

    document.run("What else SSH and S3 may need")
    settings = project.run("dvc", "config", "--list")
    assert "remote.bucket.endpointurl=https://storage.example.org:9000" in settings
    assert "SECRET" not in project.path(".dvc/config").read_text()
    document.run("Remove these two again")
    assert clean(project)

    output = document.run("A second clone")
    assert "Data and pipelines are up to date." in output
    assert (tmp_path / "second" / MODEL).read_bytes() == built

    assert "Running stage" not in document.run("A clone without data")
    light = Project(tmp_path / "light")
    assert not light.path(ARRAY).exists()
    light.set("train_hidden.units", 3)
    output = light.run("dvc", "repro", "--pull", "--allow-missing", "train_hidden")
    assert re.findall("^> .*", output, re.MULTILINE) == ["> python -m stages.train hidden"]
    assert light.path(ARRAY).exists()

    conflict(project)
    document.run("A conflict in dvc.lock")
    assert clean(project)
    assert len(project.run("git", "rev-parse", "HEAD^1", "HEAD^2").split()) == 2
    assert project.repro() == []
    project.path("dvc.lock").unlink()
    assert set(project.repro()) <= {"explore", "evaluate"}  # which take seconds, and no cache
    assert clean(project)

    empty = tmp_path / "elsewhere"
    empty.mkdir()
    assert "79,510" in document.run("The model in another project", empty)
    for name in ("hidden.keras", "basic.keras"):
        assert (empty / name).read_bytes() == project.path(f"models/{name}").read_bytes()
    assert len(list(empty.iterdir())) == 2
    document.run("Give it a version")
    document.run("Use a version", empty)
    assert (empty / "first.keras").read_bytes() == built

    document.run("Export it", empty)
    output = document.run("Use the exported model", empty)
    *_, onnx, lite = re.findall(r"^\[(.*)\]$", output, re.MULTILINE)
    assert onnx.split() == 5 * lite.split()

    document.run("A project of your own")
    mine = Project(tmp_path / "mine")
    assert mine.run("git", "rev-list", "--count", "HEAD").strip() == "1"
    mine.run("dvc", "pull")
    assert mine.repro() == []
    mine.run("ruff", "check", "--no-cache")
    described = tomllib.loads(mine.path("pyproject.toml").read_text())["project"]
    assert described["name"] == "mine"
    assert "bench" not in described["optional-dependencies"]
    assert "bench" not in mine.run("make", "help")
    heading, script = document.left.pop(0)
    assert heading == "The newest dependencies"
    said = mine.run("bash", "-ec", script, code=None)
    assert said == "" or "Failed to fetch" in said  # where there is no package index
    steps = (ROOT / "docs/sharing.md").read_text().split("## A project of your own")[1]
    for name in re.findall(r"`(tests/test_\w+\.py)`", steps):
        mine.path(name).unlink()
    mine.run("python", "-m", "pytest", "--collect-only", "--quiet")
    assert document.left == []


def clean(project):
    return project.run("git", "status", "--porcelain") == ""


def conflict(project):
    """Two branches that change the same module at two places, both built: a merge that stops."""
    project.run("git", "switch", "--quiet", "--create", "other")
    project.edit("stages/preprocess.py", '"""', '"""Also: ')
    project.run("dvc", "repro", "preprocess")
    project.commit("the docstring")
    project.run("git", "switch", "--quiet", "main")
    project.append("stages/preprocess.py", "# the end\n")
    project.run("dvc", "repro", "preprocess")
    project.commit("the end")
    output = project.run("git", "merge", "other", code=1)
    assert re.findall("^CONFLICT.* in (.*)", output, re.MULTILINE) == ["dvc.lock"]
    assert "is invalid (possible merge conflicts)" in project.run("dvc", "status", code=1)


def test_push_and_pull_over_ssh(project, published, tmp_path):
    store = tmp_path / "store"
    with ssh(tmp_path) as (port, key):
        address = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{store}"
        document = Document("docs/sharing.md", project, STORAGE=address)
        document.run("A remote")
        project.run("dvc", "remote", "modify", "--local", "storage", "keyfile", str(key))
        assert "files pushed" in document.run("Push")
        project.run("git", "push", "--quiet", "origin", "main")
        clone = Project(tmp_path / "clone")
        project.run("git", "clone", "--quiet", str(published), str(clone.folder))
        assert "Permission denied" in clone.run("dvc", "pull", code=1)
        shutil.copy(project.path(".dvc/config.local"), clone.path(".dvc/config.local"))
        clone.run("dvc", "pull")
    assert len(list(store.rglob("*/*/*"))) >= 20
    assert clone.path(MODEL).read_bytes() == project.path(MODEL).read_bytes()
    assert "up to date" in clone.run("dvc", "status")
