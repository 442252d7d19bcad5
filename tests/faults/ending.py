"""Bring a fault about; how it must end: in one message, with every output as it was."""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
from unittest.mock import patch

import psutil
import pytest

from digits.process import run
from tests import pipeline

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main_of(stage):
    """The function that runs a stage, with the command line of dvc.yaml."""
    _, _, module, *model = pipeline.COMMANDS[stage]
    return patch.object(sys, "argv", [module, *model])(importlib.import_module(module).main)


def state(project):
    """Every output and what stands beside it: path, size, time of the last change.

    Of tables the bytes: one may be written, the same again, before the next one cannot be.
    """
    return {
        path.relative_to(project.folder): path.read_bytes()
        if path.suffix == ".csv"
        else (path.lstat().st_size, path.lstat().st_mtime_ns)
        for folder in ("data", "metrics", "models", "report", "dvc.lock")
        for path in [project.path(folder), *project.path(folder).rglob("*")]
        if not path.is_dir()
    }


def fails(project, main):
    """Call `main` as its process would in `project`; return the message it ends with."""
    before = state(project)
    handlers = [signal.getsignal(number) for number in SIGNALS]
    try:
        with contextlib.chdir(project.folder), pytest.raises(SystemExit) as ended:
            run(main)
    finally:
        for number, handler in zip(SIGNALS, handlers, strict=True):
            signal.signal(number, handler)
    message = ended.value.code
    assert isinstance(message, str), message  # Python prints it on stderr and exits with 1
    assert message.startswith("error: ")
    assert "Traceback" not in message
    assert len(message) < 5000
    assert state(project) == before
    return message


class Running:
    """A command in a session of its own, as a terminal would start it."""

    def __init__(self, project, *command, **environment):
        self.process = subprocess.Popen(
            command,
            cwd=project.folder,
            env={**pipeline.ENVIRONMENT, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed,
        )
        self.output = ""

    def until(self, text):
        """Read until a line holds `text`."""
        for line in self.process.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(self.output[-2000:])

    def end(self):
        """Wait for the end of all that was started; return the exit code."""
        try:
            self.output += self.process.communicate(timeout=120)[0]  # until the last one closes it
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        psutil.wait_procs(self.alive(), timeout=30)  # a shell goes after what it has started
        assert self.alive() == []
        return self.process.returncode

    def alive(self):
        """The processes of this session that are left, zombies aside."""
        return [
            process
            for process in psutil.process_iter(["status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE
            and session(process.pid) == self.process.pid
        ]

    def hold_stopped(self, name):
        """See to it that it said once that this signal stopped it, and nothing else went wrong."""
        assert self.output.count(f"error: stopped by {name}\n") == 1
        assert self.output.count("error: ") == 1
        assert "Traceback" not in self.output


def heed():
    """Undo what pytest inherited: in the background of a script SIGINT is ignored."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def session(pid):
    with contextlib.suppress(ProcessLookupError):
        return os.getsid(pid)


def repro_restores(project):
    """`dvc repro`, without any clean-up by hand, ends in the committed state."""
    project.run("dvc", "repro")
    assert "up to date" in project.run("dvc", "status")
    assert project.run("git", "status", "--porcelain", "dvc.lock", "metrics") == ""
    assert list(project.folder.glob("[dmr]*/**/.*.tmp")) == []
