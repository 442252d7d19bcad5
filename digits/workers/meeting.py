"""How the processes of one training find each other, notice that one is gone, and end together.

Each connects to each, sends what it is about to train, then a beat a second until it leaves. That
is done in a process of its own: TensorFlow waits for ever for a worker that is gone, meanwhile lets
no other thread of Python run, and catches signals.
"""

import ctypes
import json
import os
import re
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import NoReturn

import psutil

from digits import process
from digits.errors import DigitsError, ParameterError

FORM = '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}'
ADDRESS = re.compile(r"(\[[\da-fA-F:.]+\]|[^\s:/\[\]]+):\d{1,5}")
BEAT, QUIET = 1.0, 10.0
"""Seconds between two signs of life; seconds without any after which a worker is given up."""
GREETING = 80
"""Bytes of the first message: the sender's rank in 5 digits, and what it trains."""
GOODBYE = b"q"
DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


def named(workers: int) -> tuple[int, list[str]]:
    """Return this worker's rank and all addresses, by TF_CONFIG. Raises ParameterError."""
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        index = str(task["index"])
        ranks = [
            (kind, n) for kind in ("chief", "worker") for n in range(len(cluster.get(kind, [])))
        ]
        addresses = [cluster[kind][n] for kind, n in ranks]
        rank = ranks.index((task["type"], int(index) if index.isdecimal() else -1))
        for address in addresses:
            if not ADDRESS.fullmatch(address) or not 0 < split(address)[1] < 65_536:
                raise ValueError
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        got = repr(text[:200]) if text else "none"
        raise ParameterError(
            f"train.workers in params.yaml is {workers}: expected the environment's TF_CONFIG to "
            f"be like {FORM}, got {got}"
        ) from None
    if len(set(addresses)) != workers:
        raise ParameterError(
            f"train.workers in params.yaml is {workers}: expected as many different addresses in "
            f"TF_CONFIG, got {', '.join(addresses)}"
        )
    return rank, addresses


def split(address: str) -> tuple[str, int]:
    """Split host and port. Raises ValueError."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class Meeting:
    """The connections of this worker to the others, from each and to each."""

    def __init__(self, rank: int, addresses: list[str]) -> None:
        """Take what `named` returned."""
        self.rank, self.addresses = rank, addresses
        self.to: dict[int, socket.socket] = {}
        self.by: dict[int, socket.socket] = {}

    def gather(self, trains: str, wait: float) -> None:
        """Return when each has reached each, and all train the same, by a hash of 64 letters.

        Raises DigitsError: this worker's port is taken; one is missing after `wait` seconds; one
        trains something else.
        """
        others = [n for n in range(len(self.addresses)) if n != self.rank]
        greeting = f"{self.rank:05d} {trains}".ljust(GREETING).encode()
        deadline, different = monotonic() + wait, set[int]()
        faults = dict.fromkeys(others, "no time was left to call it")
        with self._listener() as listener:
            while len(self.to) + len(self.by) < 2 * len(others):
                if monotonic() > deadline:
                    raise DigitsError(self._missing(faults, wait))
                for other in set(others) - set(self.to):
                    if monotonic() > deadline:
                        break
                    try:
                        self.to[other] = self._reach(other, greeting)
                    except (OSError, ValueError) as fault:  # UnicodeError, of a name, is one
                        faults[other] = getattr(fault, "strerror", None) or str(fault)
                with suppress(OSError):
                    while True:
                        different |= self._heard(listener.accept()[0], trains)
        if different:
            raise DigitsError(
                f"{self._who(min(different))} is about to train something else: expected the same "
                "code, params.yaml, labels, Python and libraries on all workers"
            )

    def _listener(self) -> socket.socket:
        try:
            return _listening(split(self.addresses[self.rank])[1])
        except OSError as fault:
            raise DigitsError(
                f"{self.addresses[self.rank]}, this worker's address in TF_CONFIG, cannot be "
                f"used: {fault.strerror}. End what is there, or name another port on all workers"
            ) from None

    def _heard(self, connection: socket.socket, trains: str) -> set[int]:
        """Keep the connection of a worker, not of a stranger; return who trains something else."""
        connection.settimeout(BEAT)
        try:
            words = connection.recv(GREETING, socket.MSG_WAITALL).decode().split()
            rank, what = int(words[0]), words[1]
            if rank == self.rank or rank not in range(len(self.addresses)):
                raise ValueError
        except (IndexError, OSError, ValueError):
            connection.close()
            return set()
        if rank in self.by:  # it was started again
            self.by[rank].close()
            if rank in self.to:
                self.to.pop(rank).close()
        self.by[rank] = connection
        return set() if what == trains else {rank}

    def _reach(self, other: int, greeting: bytes) -> socket.socket:
        connection = socket.create_connection(split(self.addresses[other]), timeout=BEAT)
        if connection.getsockname() == connection.getpeername():  # it met itself, on loopback
            connection.close()
            raise ConnectionRefusedError("Connection refused")
        connection.sendall(greeting)
        return connection

    def _missing(self, faults: dict[int, str], wait: float) -> str:
        silent = [f"{self._who(n)}: {faults[n]}" for n in faults if n not in self.to]
        deaf = [self._who(n) for n in faults if n in self.to and n not in self.by]
        what = [f"no answer from {', '.join(silent)}"] * bool(silent)
        what += [f"no call from {', '.join(deaf)}, which can be reached"] * bool(deaf)
        return (
            f"{'; '.join(what)}, within {wait:g} s. Is it started, and does no firewall divide us?"
        )

    def _who(self, other: int) -> str:
        return f"worker {other} ({self.addresses[other]})"

    def attend(self, wait: float) -> Callable[[], object]:
        """Go on in a new process, and watch over it in this one, which ends as that does.

        Return what to call once the others are reached there, within `wait` seconds. TensorFlow
        must not have computed anything yet.
        """
        sys.stdout.flush()
        reads, writes = os.pipe()
        parent = os.getpid()
        if child := os.fork():
            os.close(writes)
            try:
                self._watch(child, reads, monotonic() + wait)
            finally:  # by a signal
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the other one heeds them
            signal.signal(number, signal.SIG_IGN)
        self.close()
        return partial(os.write, writes, b"1")

    def _watch(self, child: int, pipe: int, deadline: float) -> NoReturn:
        heard, reached, beat = dict.fromkeys(self.by, monotonic()), False, 0.0
        while True:
            there = {self.by[other].fileno(): other for other in heard}
            ready, _, _ = select.select([pipe, *there], [], [], BEAT)
            if pipe in ready:
                reached = bool(os.read(pipe, 1))
                if not reached:  # it has ended
                    self._follow(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), heard)
            for other in (there[file] for file in ready if file != pipe):
                heard[other], said = monotonic(), b""
                with suppress(OSError):
                    said = self.by[other].recv(64)
                if GOODBYE in said:
                    del heard[other]
                elif not said:
                    self._end(child, f"{self._who(other)} has ended")
            if monotonic() < beat:
                continue
            beat = monotonic() + BEAT
            for other, last in heard.items():
                if monotonic() - last > QUIET:
                    self._end(child, f"{self._who(other)} is not heard of for {QUIET:g} s")
            if not reached and monotonic() > deadline:
                self._end(child, f"the workers ({', '.join(self.addresses)}) do not come together")
            if psutil.Process(child).status() != psutil.STATUS_STOPPED:
                self._tell(b".")

    def _follow(self, code: int, heard: dict[int, float]) -> NoReturn:
        """End as the training did; all but the first when that one has written the outputs."""
        if code == 0:
            self._tell(GOODBYE)
            said = b"." if 0 in heard else GOODBYE
            with suppress(OSError):
                while said and GOODBYE not in said:
                    self.by[0].settimeout(QUIET)
                    said = self.by[0].recv(64)
            if GOODBYE not in said:
                _say(f"error: {self._who(0)} has ended before it has written the outputs")
                code = 1
        elif code < 0:
            _say(f"error: the training was ended by {signal.Signals(-code).name}")
        os._exit(max(code, -code > 0))

    def _end(self, child: int, reason: str) -> NoReturn:
        os.kill(child, signal.SIGKILL)
        _say(f"error: {reason}, and so this worker. Start all again: what was kept is resumed")
        os._exit(1)

    def _tell(self, word: bytes) -> None:
        for connection in self.to.values():
            with suppress(OSError):  # what it means is seen by what comes back, or not
                connection.send(word)

    def close(self) -> None:
        """Close all connections."""
        for connection in (*self.to.values(), *self.by.values()):
            connection.close()


def _listening(port: int) -> socket.socket:
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    listener = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    listener.settimeout(0.1)
    return listener


def _say(line: str) -> None:
    with suppress(OSError):
        os.write(2, f"{line}{process.HOW_TO_RESTORE}\n".encode())
