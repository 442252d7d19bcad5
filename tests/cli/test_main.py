"""What all commands have in common."""

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


def test_a_reader_that_has_gone_and_a_disk_that_is_full(small):
    command = f"{sys.executable} -m digits compare --json"
    environment = f"PYTHONPATH={pipeline.ROOT}"
    assert small.run("sh", "-c", f"{environment} {command} | true") == ""
    assert small.run("sh", "-c", f"{environment} {command} > /dev/full", code=1) == (
        "error: what is printed cannot be written: No space left on device\n"
    )
