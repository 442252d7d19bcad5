"""A pytest plugin: count the faults that were tried, by kind, and show the table at the end.

A test says what it tries: `@pytest.mark.fault("kind")`, with `tried=N` if it tries several.
`pytest --write-table` also writes the table to docs/reliability.md, when all kinds were run.
"""

from collections import Counter
from pathlib import Path

DOCUMENT = Path(__file__).parent.parent.parent / "docs/reliability.md"
INTRODUCTION = """\
# What was tried, and how it ended

Each fault was brought about on purpose: with real files, real processes, real DVC, and servers on
loopback. As promised means: one clear message and exit code 1 (for a signal 128 and its number), no
traceback, outputs as they were or whole, and a `dvc repro` afterwards that ends in the same
`dvc.lock`. Where tests share a project, that `dvc repro` comes after the last fault of a file or of
a module. [SECURITY.md](../SECURITY.md) names what is not promised.

The kinds that begin with `field` are failures that users met, and ones like them, of which most
must not be failures at all (a foreign setting, a submodule): what each test says. The others we
thought of.

Written by `make test-faults TABLE=1`, from its own run; `tests/faults/test_table.py` holds it to
the tests.
"""


def pytest_addoption(parser):
    parser.addoption("--write-table", action="store_true", help=f"write {DOCUMENT.name}")
    parser.addoption("--list-faults", action="store_true", help="count the faults, run nothing")


def pytest_collection_modifyitems(items, config):
    for item in items:
        for mark in item.iter_markers("fault"):
            kind, tried = mark.args[0], mark.kwargs.get("tried", 1)
            item.user_properties.append(("fault", (kind, tried)))
            if config.getoption("--list-faults"):
                config.get_terminal_writer().line(f"fault\t{kind}\t{tried}")


def pytest_runtestloop(session):
    return session.config.getoption("--list-faults") or None


class Tally:
    """Counts what the reports say, where the session ends: also with xdist."""

    def __init__(self):
        self.tried, self.well = Counter(), Counter()
        self.bad = set()

    def pytest_runtest_logreport(self, report):
        for name, value in report.user_properties:
            if name == "fault":
                if report.when == "call" and not report.skipped:
                    self.tried[value[0]] += value[1]
                    self.well[value[0]] += value[1] * report.passed
                elif report.failed:  # in the set-up, or in what follows the test
                    self.well[value[0]] -= 1

    def pytest_terminal_summary(self, terminalreporter, config):
        if not self.tried:
            return
        text = table(self.tried, self.well)
        terminalreporter.section("faults")
        terminalreporter.write(text)
        if config.getoption("--write-table"):
            DOCUMENT.write_text(f"{INTRODUCTION}\n{text}")


def table(tried, well):
    """The table in Markdown: kind, tried, ended as promised."""
    rows = [(kind, str(tried[kind]), str(well[kind])) for kind in sorted(tried)]
    rows.append(("all", str(tried.total()), str(well.total())))
    head = ("kind of fault", "tried", "ended as promised")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(3)]
    lines = [head, ("-" * widths[0], "-" * (widths[1] - 1) + ":", "-" * (widths[2] - 1) + ":")]
    return "".join(
        f"| {a:<{widths[0]}} | {b:>{widths[1]}} | {c:>{widths[2]}} |\n" for a, b, c in lines + rows
    )


def pytest_configure(config):
    config.pluginmanager.register(Tally())
