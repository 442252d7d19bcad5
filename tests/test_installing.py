"""What `make repro` does before DVC: says what is missing, installs where it should."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests import pipeline


@pytest.mark.skipif(not shutil.which("make"), reason="this system has no make")
def test_an_archive_without_git_says_so_before_it_installs(tmp_path):
    project = pipeline.Project(tmp_path)
    shutil.copy(pipeline.ROOT / "Makefile", tmp_path)
    project.path("requirements").mkdir()
    project.path("requirements/runtime.txt").touch()
    said = project.run("make", "repro", f"PYTHON={sys.executable}", code=2)
    assert "not a git repository" in said
    assert "error: git finds no repository here" in said
    assert not project.path(".venv").exists()


@pytest.fixture
def package(tmp_path):
    """A folder with a package that is nowhere else."""
    folder = tmp_path / "packages"
    folder.mkdir()
    with zipfile.ZipFile(folder / "only_here-1.0-py3-none-any.whl", "w") as wheel:
        info = "only_here-1.0.dist-info"
        wheel.writestr("only_here.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: only-here\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder


@pytest.mark.slow
def test_of_pips_settings_those_count_that_say_where_packages_come_from(tmp_path, package):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python, file = tmp_path / "venv/bin/python", tmp_path / "pip.conf"
    file.write_text(
        f"[global]\nno-index = true\nfind-links =\n    /nowhere\n    {package}\n"
        f"quiet = 1\n[install]\ntarget = {tmp_path / 'target'}\n"
    )
    variables = {name: os.environ[name] for name in os.environ if not name.startswith("PIP_")}
    variables |= {"PIP_USER": "1", "PIP_DRY_RUN": "1", "PIP_CONFIG_FILE": str(file)}
    command = [python, pipeline.ROOT / ".ci/install.py", "only-here"]
    subprocess.run(command, env=variables, check=True)
    subprocess.run([python, "-c", "import only_here"], check=True)
    assert not (tmp_path / "target").exists()
