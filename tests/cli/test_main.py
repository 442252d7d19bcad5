"""What all commands have in common."""

import shutil
import subprocess
import sys
import time

import pytest

from digits.__main__ import COMMANDS
from tests import pipeline

DIGITS = [sys.executable, "-m", "digits"]


def test_help_is_quick_and_names_every_command():
    start = time.monotonic()
    done = subprocess.run([*DIGITS, "--help"], capture_output=True, text=True, check=True)
    assert time.monotonic() - start < 0.3 * 5  # other tests run beside
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("    ")]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)


def test_help_imports_nothing_that_is_slow():
    command = [sys.executable, "-X", "importtime", "-m", "digits", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "argparse" in loaded
    assert not loaded & {"numpy", "pandas", "pydantic", "dvc", "tensorflow", "keras", "yaml"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    done = subprocess.run([*DIGITS, name, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"usage: digits {name}")
    assert len(done.stdout.splitlines()) > 5


def test_a_wrong_command_or_argument_is_a_usage_error(small):
    for arguments in ([], ["predikt"], ["compare", "--jsn"], ["predict"]):
        assert small.digits(*arguments, code=2).startswith("usage: digits")


@pytest.mark.fault("field: expected faults, in true words")
def test_a_reader_that_has_gone_and_a_disk_that_is_full(small):
    command = f"{sys.executable} -m digits compare --json"
    environment = f"PYTHONPATH={pipeline.ROOT}"
    assert small.run("sh", "-c", f"{environment} {command} | true") == ""
    faults = {"> /dev/full": "No space left on device", ">&-": "the standard output is closed"}
    for redirection, reason in faults.items():
        said = small.run("sh", "-c", f"{environment} {command} {redirection}", code=1)
        assert said == f"error: what is printed cannot be written: {reason}\n"


@pytest.mark.fault("field: expected faults, in true words")
def test_a_terminal_without_a_letter_shows_its_number(small):
    small.run("git", "branch", "année")
    assert "ann\\xe9e" in small.digits("compare", "année", PYTHONIOENCODING="ascii:strict")


@pytest.mark.fault("field: notebooks and other checkouts")
@pytest.mark.parametrize("variables", [{}, {"PYTHONSAFEPATH": "1"}])
def test_in_another_checkout_the_code_of_that_one_runs(small, variables):
    small.path("digits").mkdir()
    small.path("digits/__init__.py").touch()
    small.path("digits/__main__.py").write_text("import sys\nprint('its own', sys.argv[1:])\n")
    settings = [f"{name}={value}" for name, value in variables.items()]
    script = shutil.which("digits", path=pipeline.ENVIRONMENT["PATH"])
    assert small.run("env", *settings, script, "summary", "x") == "its own ['summary', 'x']\n"
