"""docs/sharing.md: every command of it; the remote is a folder, then one behind a socket."""

import json
import re
import shutil
from hashlib import md5

import numpy as np
import onnxruntime
import pytest

from tests.document import Document
from tests.pipeline import Project
from tests.ssh import serving

pytestmark = pytest.mark.slow
MODEL = "models/hidden.keras"


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
    assert project.run("git", "status", "--porcelain") == ""
    assert "files pushed" in document.run("Push")
    stored = {path.parent.name + path.name for path in storage.rglob("*") if path.is_file()}
    assert stored == set(cached(project))
    project.run("git", "push", "--quiet", "origin", "main")

    document.run("What else SSH and S3 may need")
    settings = project.run("dvc", "config", "--list")
    assert "remote.bucket.endpointurl=https://storage.example.org:9000" in settings
    assert "SECRET" not in project.path(".dvc/config").read_text()
    document.run("Leave these two out again")
    assert project.run("git", "status", "--porcelain") == ""

    output = document.run("A second clone")
    assert "Data and pipelines are up to date." in output
    assert (tmp_path / "second" / MODEL).read_bytes() == built

    assert "Running stage" not in document.run("A clone without data")
    light = Project(tmp_path / "light")
    assert not light.path("data/raw/train_images.npy").exists()
    light.set("train_hidden.units", 3)
    output = light.run("dvc", "repro", "--pull", "--allow-missing", "train_hidden")
    assert [line for line in output.splitlines() if line.startswith("> ")] == [
        "> python -m stages.train_hidden"
    ]
    assert light.path("data/processed/train_images.npy").exists()

    conflict(project)
    document.run("A conflict in dvc.lock")
    assert project.run("git", "status", "--porcelain") == ""
    assert len(project.run("git", "rev-parse", "HEAD^1", "HEAD^2").split()) == 2
    assert project.repro() == []
    merged = {dep["path"]: dep["md5"] for dep in project.lock()["preprocess"]["deps"]}
    module = project.path("stages/preprocess.py").read_bytes()
    assert merged["stages/preprocess.py"] == md5(module, usedforsecurity=False).hexdigest()
    assert module.startswith(b'"""Also: ')
    assert module.endswith(b"# the end\n")
    project.path("dvc.lock").unlink()
    assert "> python" not in project.run("dvc", "repro")
    assert project.run("git", "status", "--porcelain") == ""

    empty = tmp_path / "elsewhere"
    empty.mkdir()
    output = document.run("The model in another project", empty)
    assert "79,510" in output
    assert (empty / "hidden.keras").read_bytes() == built
    basic = project.path("models/basic.keras").read_bytes()
    assert (empty / "basic.keras").read_bytes() == basic
    assert {path.name for path in empty.iterdir()} == {"hidden.keras", "basic.keras"}
    document.run("Give it a version")
    document.run("Use a version", empty)
    assert (empty / "first.keras").read_bytes() == built

    export = document.left[0]
    document.run("Export it", empty)
    exported = [empty / "hidden.onnx", empty / "hidden.tflite"]
    first = [path.read_bytes() for path in exported]
    document.left.insert(0, export)
    document.run("Export it", empty)
    assert [path.read_bytes() for path in exported] == first
    *_, onnx, lite = re.findall(r"^\[(.*)\]$", document.run("Use what was exported", empty), re.M)
    assert onnx.split() == 5 * lite.split()
    assert answered_by_onnx(exported[0], project) == [
        int(line.split(",")[1])
        for line in project.path("metrics/predictions/hidden.csv").read_text().splitlines()[1:]
    ]

    document.run("A project of your own")
    mine = Project(tmp_path / "mine")
    assert mine.run("git", "rev-list", "--count", "HEAD").strip() == "1"
    mine.run("dvc", "pull")
    assert mine.repro() == []
    mine.run("ruff", "check", "--no-cache")
    assert document.left == []


def test_an_import_leaves_nothing_of_ours_in_the_other_project(project, tmp_path):
    """No cache of DVC's, for one, which a relative setting in .dvc/config would put there."""
    other = Project(tmp_path / "other")
    other.folder.mkdir()
    other.run("git", "init", "--quiet")
    other.run("dvc", "init", "--quiet")
    other.commit()
    other.run("dvc", "import", str(project.folder), MODEL)
    assert other.run("git", "status", "--porcelain", "--untracked-files=all").splitlines() == [
        "?? .gitignore",
        "?? hidden.keras.dvc",
    ]
    assert {path.name for path in other.folder.iterdir()} == {
        ".git", ".dvc", ".dvcignore", ".gitignore", "hidden.keras", "hidden.keras.dvc"
    }  # fmt: skip


def answered_by_onnx(file, project):
    """The digits that an exported model sees in the test images."""
    session = onnxruntime.InferenceSession(file)
    images = np.load(project.path("data/processed/test_images.npy"))
    (outputs,) = session.run(None, {session.get_inputs()[0].name: images})
    return outputs.argmax(axis=1).tolist()


def cached(project):
    """The hashes of what is in DVC's cache: files, folders, and the files in these."""
    for path, digest in project.hashes().items():
        if not in_git(project, path):
            yield digest
            if digest.endswith(".dir"):
                listed = project.path(f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}")
                yield from (entry["md5"] for entry in json.loads(listed.read_text()))


def in_git(project, path):
    return project.run("git", "ls-files", path) != ""


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
    assert output.count("CONFLICT") == 1
    assert "CONFLICT (content): Merge conflict in dvc.lock" in output
    assert "is invalid (possible merge conflicts)" in project.run("dvc", "status", code=1)


def test_push_and_pull_over_ssh(project, published, tmp_path):
    store, key = tmp_path / "store", tmp_path / "key"
    store.mkdir()
    built = project.path(MODEL).read_bytes()
    with serving(store, key) as port:
        address = f"ssh://me@127.0.0.1:{port}/digits"
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
    assert len(list((store / "digits").rglob("*/*/*"))) >= 20
    assert clone.path(MODEL).read_bytes() == built
    assert "up to date" in clone.run("dvc", "status")
