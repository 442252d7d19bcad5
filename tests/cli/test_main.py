"""What all commands have in common."""

import shutil
import subprocess
import sys

from digits.__main__ import COMMANDS
from tests import pipeline

DIGITS = [sys.executable, "-m", "digits"]
HERE = {"PYTHONPATH": str(pipeline.ROOT)}


def test_help_names_every_command_and_imports_nothing_that_is_slow():
    command = [sys.executable, "-X", "importtime", "-m", "digits", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("    ")]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "argparse" in loaded
    assert not loaded & {"numpy", "pandas", "pydantic", "dvc", "tensorflow", "keras", "yaml"}


def test_every_command_explains_itself_and_a_wrong_word_is_a_usage_error(small):
    for name in COMMANDS:
        assert small.digits(name, "--help").startswith(f"usage: digits {name}")
    for arguments in ([], ["predikt"], ["compare", "--jsn"], ["predict"]):
        assert small.digits(*arguments, code=2).startswith("usage: digits")


def test_a_reader_that_has_gone_and_a_disk_that_is_full(small):
    command = f"{sys.executable} -m digits compare --json"
    assert small.run("sh", "-c", f"{command} | true", **HERE) == ""
    said = small.run("sh", "-c", f"{command} > /dev/full", code=1, **HERE)
    assert said == "error: what is printed cannot be written: No space left on device\n"


def test_a_terminal_without_a_letter_shows_its_number(small):
    small.run("git", "branch", "année")
    said = small.run(*DIGITS, "compare", "année", PYTHONIOENCODING="ascii:strict", **HERE)
    assert "ann\\xe9e" in said


def test_in_another_checkout_the_code_of_that_one_runs(small):
    small.path("digits").mkdir()
    small.path("digits/__init__.py").touch()
    small.path("digits/__main__.py").write_text("import sys\nprint('its own', sys.argv[1:])\n")
    script = shutil.which("digits", path=pipeline.ENVIRONMENT["PATH"])
    said = small.run(script, "summary", "x", PYTHONSAFEPATH="1")
    assert said == "its own ['summary', 'x']\n"
