"""Read pictures in processes of their own, within limits of time and memory.

A small file may ask for hours, for gigabytes, or for a fault of a decoder that ends the process.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice
from multiprocessing import Pipe
from typing import Any

import psutil

from digits.errors import PictureError

SECONDS = 10
"""CPU time for one picture. The slowest photographs of 64 million pixels take 3."""
MEMORY = 5 * 2**28
"""Bytes that a process may take in addition to those that it starts with: 1.25 GiB."""

Task = Callable[[str], Any]


def read_each(task: Task, names: Sequence[str], processes: int = 1) -> Iterator[Any]:
    """Yield what `task` returns for each name, in their order, or its PictureError.

    A picture at which a process takes too long, takes too much memory or crashes has one as well.
    Where processes cannot be forked (Windows), there are no limits.
    """
    if not hasattr(os, "fork"):
        return (_answer(task, name) for name in names)
    shares = [_limited(task, names[start::processes]) for start in range(processes)]
    return map(next, islice(cycle(shares), len(names)))


def _limited(task: Task, names: Sequence[str]) -> Iterator[Any]:
    """Yield the answers of a process, and of another one after a picture that ends it."""
    todo = deque(names)
    while todo:
        receiver, end = Pipe(duplex=False)
        if not (process := os.fork()):
            _serve(task, todo, end)
        end.close()
        try:
            while todo:
                answer = receiver.recv()
                todo.popleft()
                if isinstance(answer, Exception) and not isinstance(answer, PictureError):
                    raise answer
                yield answer
        except EOFError:  # in the middle of a picture
            todo.popleft()
        else:
            continue
        finally:
            os.kill(process, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        why = f"cannot be read: a process ended with status {status}"
        if status == -signal.SIGPROF:
            why = f"not read in {SECONDS} s of CPU time. Save it anew."
        yield PictureError(why)


def _serve(task: Task, names: Iterable[str], end: Any) -> None:
    """Send the answers to names, within the limits, and end this process."""
    import resource  # Windows lacks it

    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPROF):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff prints what it does not like
        most = psutil.Process().memory_info().vms + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        for name in names:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            end.send(_answer(task, name))
    finally:
        os._exit(0)


def _answer(task: Task, name: str) -> Any:
    """Return what `task` returns or raises."""
    try:
        return task(name)
    except MemoryError:
        return PictureError(f"needs more than {MEMORY:,} bytes of memory. Make it smaller.")
    except Exception as fault:
        return fault
