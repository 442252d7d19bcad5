"""Run a stage or a command: a fault ends in one line, a signal leaves nothing half written."""

import contextlib
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, SimpleNamespace

import psutil

from digits.errors import DigitsError
from digits.messages import printable

RUN_BY_DVC = "DVC_STAGE" in os.environ
HOW_TO_RESTORE = RUN_BY_DVC * (  # added to the message of a stage that fails
    "\nDVC removed the outputs of this stage before it ran. The next `dvc repro` makes them again; "
    "`git restore dvc.lock metrics` restores the committed ones."
)


def run(main: Callable[[], None]) -> None:
    """Run `main`; an expected fault prints its message on stderr, with exit code 1.

    Ctrl-C, SIGTERM and SIGHUP print one line; the exit code is 128 + signal. A stage that DVC runs
    also ends when DVC is killed: it would write beside the next `dvc repro`.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, _stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that it lacks is escaped
            stream.reconfigure(errors="backslashreplace")
    with contextlib.suppress(OSError):  # it is closed
        _ending.stderr = os.dup(2)  # what is written to 2 while TensorFlow is imported is lost
    if RUN_BY_DVC:
        threading.Thread(target=_stop_with_dvc, daemon=True).start()
    try:
        main()
    except DigitsError as fault:
        lines = map(printable, str(fault).split("\n"))  # a name may hold what steers a terminal
        sys.exit("error: " + "\n".join(lines) + HOW_TO_RESTORE)
    except SystemExit as end:
        if _ending.code:  # the stack is unwound; TensorFlow's threads may crash what follows
            with contextlib.suppress(OSError):
                sys.stdout.flush()
            os._exit(end.code if isinstance(end.code, int) else 1)
        raise
    except MemoryError as fault:
        said = f"not enough memory: {fault or 'all of it is in use'}. Close other programs"
        sys.exit(f"error: {said} and run it again.{HOW_TO_RESTORE}")
    except Exception:
        if RUN_BY_DVC and sys.stderr:
            print(HOW_TO_RESTORE, file=sys.stderr)
        raise


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """Delay a stop by a signal to the end of the block; a second signal does not wait.

    TensorFlow calls Python from C++, and crashes where a signal's handler raises an exception.
    """
    _ending.waits = True
    try:
        yield
    finally:
        _ending.waits = False
        if _ending.code:
            sys.exit(_ending.code)


def stopping() -> bool:
    """Say whether a signal is ending this process."""
    return bool(_ending.code)


_ending = SimpleNamespace(code=0, waits=False, stderr=2)


def _stop(number: int, frame: FrameType | None) -> None:
    """Unwind the stack at a signal, so that temporary files are removed."""
    if _ending.code:  # by another signal: the terminal's SIGHUP, then the parent's end
        return
    _ending.code = 128 + number
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    with contextlib.suppress(OSError):  # the terminal may be gone
        said = f"error: stopped by {signal.Signals(number).name}{HOW_TO_RESTORE}\n"
        os.write(_ending.stderr, said.encode())
    if not _ending.waits:
        sys.exit(_ending.code)


def _stop_with_dvc() -> None:
    """Stop this process when DVC ends.

    DVC runs `$SHELL -c COMMAND`: bash and zsh become the command, dash stays between.
    """
    parents = psutil.Process().parents()
    with contextlib.suppress(psutil.Error):  # it has ended meanwhile
        shell = parents[0].cmdline()[-2:-1] == ["-c"]
        watched = parents[: 2 if shell else 1]
        while all(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in watched):
            time.sleep(0.1)
    if not _ending.code:
        os.kill(os.getpid(), signal.SIGTERM)
