"""Read pictures in processes of their own, within limits of time and memory.

A small file may ask for hours, for gigabytes, or for a fault of a decoder that ends the process.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any

import psutil

from digits.errors import PictureError

SECONDS = 10
"""CPU time for one picture. The slowest photographs of 64 million pixels take 3."""
MEMORY = 5 * 2**28
"""Bytes that a process may take in addition to those that it starts with: 1.25 GiB."""
BATCH = 16
"""Pictures that a process reads at least; a new one takes some milliseconds to start."""


def read_each(
    task: Callable[[str], Any], names: Sequence[str], processes: int = 1
) -> Iterator[tuple[int, Any]]:
    """Yield the place of each name, and what `task` returns for it, or its PictureError.

    The order is that of `names` if there is one process. A picture at which a process takes too
    long, takes too much memory or crashes has a PictureError, too. Where processes cannot be forked
    (Windows), there are no limits.
    """
    if not hasattr(os, "fork"):
        yield from ((place, _answer(task, name)) for place, name in enumerate(names))
        return
    todo, running = deque(enumerate(names)), dict[Any, tuple[int, deque[tuple[int, str]]]]()
    try:
        while todo or running:
            while todo and len(running) < processes:
                count = min(len(todo), max(BATCH, len(todo) // (2 * processes)))
                batch = deque(todo.popleft() for _ in range(count))
                receiver, end = Pipe(duplex=False)
                if not (process := os.fork()):
                    _serve(task, batch, end)
                end.close()
                running[receiver] = process, batch
            ready: Any = wait(list(running))
            for pipe in ready:
                process, batch = running[pipe]
                try:
                    answer = pipe.recv()
                except EOFError:  # after the last picture, or in the middle of one
                    del running[pipe]
                    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                    answer = PictureError(f"cannot be read: a process ended with status {status}")
                    if status == -signal.SIGPROF:
                        answer = PictureError(f"not read in {SECONDS} s of CPU time. Save it anew.")
                    todo.extendleft(list(batch)[:0:-1])
                if isinstance(answer, Exception) and not isinstance(answer, PictureError):
                    raise answer
                if batch:
                    yield batch.popleft()[0], answer
    finally:
        for process, _ in running.values():
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _serve(task: Callable[[str], Any], batch: Iterable[tuple[int, str]], end: Any) -> None:
    """Send the answers to a batch of names, within the limits, and end this process."""
    import resource  # Windows lacks it

    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPROF):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff prints what it does not like
        most = psutil.Process().memory_info().vms + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        for _, name in batch:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            end.send(_answer(task, name))
    finally:
        os._exit(0)


def _answer(task: Callable[[str], Any], name: str) -> Any:
    """Return what `task` returns or raises."""
    try:
        return task(name)
    except MemoryError:
        return PictureError(f"needs more than {MEMORY:,} bytes of memory. Make it smaller.")
    except Exception as fault:
        return fault
