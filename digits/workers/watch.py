"""End a worker whose main thread cannot: it computes in TensorFlow, or a disk does not answer.

TensorFlow's own threads send its heartbeats. They show that the process runs, not that it gets on.
"""

import os
import resource
import select
import signal
import sys
import threading
import time

from digits import process

GRACE, HUNG, WORK = 3.0, 10.0, 0.1
"""Seconds to end by itself at a signal; seconds in which a worker must compute for WORK seconds."""


class Watch(threading.Thread):
    """Watches the main thread, which makes it when TensorFlow serves."""

    def __init__(self, seconds: float) -> None:
        """Start. seconds: until `connected` must be true."""
        super().__init__(daemon=True)
        self.deadline, self.connected = time.monotonic() + seconds, False
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))  # TensorFlow has caught it
        self.signals, writes = os.pipe()
        os.set_blocking(writes, False)
        signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        self.start()

    def run(self) -> None:
        """See the class."""
        main, since = threading.main_thread().ident or 0, time.monotonic()
        before = usage()
        while True:
            if select.select([self.signals], [], [], 1)[0]:
                number = os.read(self.signals, 1)[0]
                time.sleep(GRACE)
                if not process.stopping():
                    end(f"stopped by {signal.Signals(number).name}", 128 + number)
            if not self.connected and time.monotonic() > self.deadline:
                end("TensorFlow does not connect the workers. Is there a firewall between them?")
            module = str(sys._current_frames()[main].f_globals.get("__name__"))
            waits = module.startswith("tensorflow.")  # for the other workers
            now = usage()
            if waits or now[0] - before[0] > WORK or now[1:] != before[1:]:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > HUNG:
                end(f"this worker has done nothing for {HUNG:g} s. Does its disk answer?")


def usage() -> tuple[float, int, int, int]:
    """Return the seconds that this process has computed, and how often it used a disk."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_majflt, used.ru_inblock, used.ru_oublock


def end(reason: str, code: int = 1) -> None:
    """End the process, with one line."""
    os.write(2, f"error: {reason}{process.HOW_TO_RESTORE}\n".encode())
    os._exit(code)
