"""The expected faults, the one place where they are printed, and how a process is stopped."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import psutil


class DigitsError(Exception):
    """An expected fault. Its message says what, expected, got and what to do next."""


class ParameterError(DigitsError):
    """params.yaml cannot be used."""


class SourceError(DigitsError):
    """The images could not be obtained, or are not the ones that were asked for."""


class ArtifactError(DigitsError):
    """A file that an earlier stage wrote is missing, damaged or of another shape."""


class OutputError(DigitsError):
    """A file cannot be written: disk full, folder read-only, path taken by a folder."""


def run(main: Callable[[], None]) -> None:
    """Run `main`; end an expected fault with its message on stderr and exit code 1."""
    try:
        main()
    except DigitsError as fault:
        sys.exit(f"error: {fault}")
    except MemoryError as fault:
        sys.exit(
            f"error: not enough memory: {fault or 'it is used up'}. Make some free and repeat."
        )


def stop_in_order(with_parent: bool = False) -> None:
    """From now on end at Ctrl-C, SIGTERM or SIGHUP with one line, exit code 128 + signal.

    The stack is unwound, so that temporary files go. with_parent: end also when the parent
    process does; without it, a stage whose `dvc repro` was killed would write on beside the next.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, _stop)
    if with_parent:
        parents = _parents()
        threading.Thread(target=_stop_with, args=[parents], daemon=True).start()


_stopping = threading.Event()


def _stop(number: int, frame: FrameType | None) -> None:
    if _stopping.is_set():  # by another signal: the terminal's SIGHUP, then the parent's end
        return
    _stopping.set()
    signal.signal(number, signal.SIG_DFL)  # the same once more does not wait for the unwinding
    with contextlib.suppress(OSError):  # the terminal may be gone
        os.write(2, f"error: stopped by {signal.Signals(number).name}\n".encode())
    sys.exit(128 + number)


def _parents() -> list[psutil.Process]:
    """Find the parent; its parent too where the first is a shell that waits beside its command.

    DVC runs `$SHELL -c COMMAND`: bash and zsh become the command, dash stays its parent.
    """
    parent = psutil.Process().parent()
    if parent is None:
        return []
    with contextlib.suppress(psutil.Error):
        above = parent.parent()
        if above is not None and parent.cmdline()[-2:-1] == ["-c"]:
            return [parent, above]
    return [parent]


def _stop_with(parents: list[psutil.Process]) -> None:
    while all(_runs(process) for process in parents):
        time.sleep(0.1)
    if not _stopping.is_set():
        os.kill(os.getpid(), signal.SIGTERM)


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
