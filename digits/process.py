"""How a stage or a command runs and ends: a fault in one line, a stop by a signal in order."""

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

CURE = (
    "\nWhat DVC has removed comes back by the next `dvc repro`, or `git restore dvc.lock metrics`."
)
BY_DVC = "DVC_STAGE" in os.environ
REMOVED = CURE if BY_DVC else ""
"""What else is said where a stage of DVC's ends badly: DVC removes its outputs before it runs."""


def run(main: Callable[[], None]) -> None:
    """Run `main`; end an expected fault with its message on stderr and exit code 1.

    Ctrl-C, SIGTERM and SIGHUP end it with one line and exit code 128 + signal. Run by DVC, it also
    ends when DVC does, or it would write on beside the next `dvc repro`.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, _stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that it lacks is shown as its number
            stream.reconfigure(errors="backslashreplace")
    if BY_DVC:
        threading.Thread(target=_stop_with, args=[_parents()], daemon=True).start()
    try:
        main()
    except DigitsError as fault:
        sys.exit(f"error: {fault}{REMOVED}")
    except SystemExit as end:
        if _ending.code:  # the stack is unwound; TensorFlow's threads may crash what follows
            with contextlib.suppress(OSError):
                sys.stdout.flush()
            os._exit(end.code if isinstance(end.code, int) else 1)
        raise
    except MemoryError as fault:
        sys.exit(
            f"error: not enough memory: {fault or 'all of it is in use'}. "
            f"Close other programs and run it again.{REMOVED}"
        )
    except Exception:
        if BY_DVC and sys.stderr:
            print(REMOVED, file=sys.stderr)
        raise


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """Let a stop wait for the end of a block; the same signal once more does not wait.

    TensorFlow calls Python from C++, and crashes where the handler of a signal raises in there.
    """
    _ending.waits = True
    try:
        yield
    finally:
        _ending.waits = False
        if _ending.code:
            sys.exit(_ending.code)


_ending = SimpleNamespace(code=0, waits=False)


def _stop(number: int, frame: FrameType | None) -> None:
    """Unwind the stack at a signal, so that temporary files go."""
    if _ending.code:  # by another signal: the terminal's SIGHUP, then the parent's end
        return
    _ending.code = 128 + number
    signal.signal(number, signal.SIG_DFL)  # the same once more does not wait for the unwinding
    with contextlib.suppress(OSError):  # the terminal may be gone
        os.write(2, f"error: stopped by {signal.Signals(number).name}{REMOVED}\n".encode())
    if not _ending.waits:
        sys.exit(_ending.code)


def _parents() -> list[psutil.Process]:
    """Find the parent; its parent too where the first is a shell that waits beside its command.

    DVC runs `$SHELL -c COMMAND`: bash and zsh become the command, dash stays its parent.
    """
    parents = psutil.Process().parents()[:2]
    with contextlib.suppress(psutil.Error, IndexError):
        if parents[0].cmdline()[-2:-1] == ["-c"]:
            return parents
    return parents[:1]


def _stop_with(parents: list[psutil.Process]) -> None:
    with contextlib.suppress(psutil.Error):  # it has gone meanwhile
        while all(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in parents):
            time.sleep(0.1)
    if not _ending.code:
        os.kill(os.getpid(), signal.SIGTERM)
