"""docs/reliability.md against the tests: the same kinds, the same counts, no failure."""

import re
import subprocess
import sys
from collections import Counter

import pytest

from tests import pipeline
from tests.faults.table import DOCUMENT, INTRODUCTION

LISTED = re.compile(r"^fault\t(.*)\t(\d+)$", re.MULTILINE)


@pytest.mark.slow
def test_the_document_holds_what_the_tests_try():
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--list-faults", "-n0", "-qqm", "fault"],
        cwd=pipeline.ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    tried = Counter()
    for kind, count in LISTED.findall(listed):
        tried[kind] += int(count)
    rows = re.findall(r"^\| (.+?) +\| +(\d+) \| +(\d+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    table = {kind: (int(count), int(well)) for kind, count, well in rows}
    assert table.pop("all") == (tried.total(), tried.total())
    assert table == {kind: (count, count) for kind, count in tried.items()}
    assert DOCUMENT.read_text().startswith(INTRODUCTION)
