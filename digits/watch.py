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

CONNECT, GRACE, HUNG, WORK = 60.0, 3.0, 10.0, 0.1
"""Seconds: to connect; to end by itself at a signal; in which a worker must compute for WORK."""


class Watch(threading.Thread):
    """Watches the main thread, which must set `connected` within CONNECT seconds."""

    def __init__(self) -> None:
        """Start, when TensorFlow serves."""
        super().__init__(daemon=True)
        self.connected = False
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))  # TensorFlow has caught it
        self.signals, writes = os.pipe()
        os.set_blocking(writes, False)
        signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        self.start()

    def run(self) -> None:
        """See the class."""
        main, since, before = threading.main_thread().ident or 0, time.monotonic(), usage()
        while True:
            if select.select([self.signals], [], [], 1)[0]:
                number = os.read(self.signals, 1)[0]
                time.sleep(GRACE)
                if not process.stopping():
                    end(f"stopped by {signal.Signals(number).name}", 128 + number)
            module = str(sys._current_frames()[main].f_globals.get("__name__"))
            waits = module.startswith("tensorflow.")  # for the other workers
            idle, now = time.monotonic() - since, usage()
            if not self.connected:
                if idle > CONNECT:
                    end("TensorFlow does not connect the workers. Is there a firewall?")
            elif waits or now[0] - before[0] > WORK or now[1:] != before[1:]:
                before, since = now, time.monotonic()
            elif idle > HUNG:
                end(f"this worker has done nothing for {HUNG:g} s. Does its disk answer?")


def usage() -> tuple[float, int, int, int]:
    """Return the seconds that this process has computed, and how often it used a disk."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_majflt, used.ru_inblock, used.ru_oublock


def end(reason: str, code: int = 1) -> None:
    """End the process, with one line."""
    os.write(2, f"error: {reason}{process.HOW_TO_RESTORE}\n".encode())
    os._exit(code)
