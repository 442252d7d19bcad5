"""How the processes of one training find each other, notice that one is gone, and end together.

Each connects to each, sends a hash of what it trains, then a heartbeat a second until it ends. A
supervisor, a process of its own, does that: TensorFlow waits for ever for a worker that is gone,
lets no other thread of Python run meanwhile, and catches signals.
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
INTERVAL, TIMEOUT = 1.0, 10.0
"""Seconds between two heartbeats; seconds without one after which a worker counts as gone."""
HANDSHAKE_SIZE = 80
"""Bytes of the first message: the sender's rank in 5 digits, and the hash of what it trains."""
HEARTBEAT, FINISHED = b".", b"q"
DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


def read_tf_config(workers: int) -> tuple[int, list[str]]:
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
            if not ADDRESS.fullmatch(address) or not 0 < split_address(address)[1] < 65_536:
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


def split_address(address: str) -> tuple[str, int]:
    """Split host and port. Raises ValueError."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class Meeting:
    """The connections between this worker and the others: one to each, and one from each."""

    def __init__(self, rank: int, addresses: list[str]) -> None:
        """Take what `read_tf_config` returned."""
        self.rank, self.addresses = rank, addresses
        self.others = [n for n in range(len(addresses)) if n != rank]
        self.outgoing: dict[int, socket.socket] = {}
        self.incoming: dict[int, socket.socket] = {}

    def meet(self, trains: str, wait: float) -> None:
        """Return when all workers are connected, and have sent the same `trains`, 64 letters.

        Raises DigitsError: this worker's port is taken; another one is missing after `wait`
        seconds; another one trains something else.
        """
        handshake = f"{self.rank:05d} {trains}".ljust(HANDSHAKE_SIZE).encode()
        deadline, different = monotonic() + wait, set[int]()
        faults = dict.fromkeys(self.others, "there was no time to connect")
        with self._listen() as listener:
            while len(self.outgoing) + len(self.incoming) < 2 * len(self.others):
                if monotonic() > deadline:
                    raise DigitsError(self._missing(faults, wait))
                for other in set(self.others) - set(self.outgoing):
                    if monotonic() > deadline:
                        break
                    try:
                        self.outgoing[other] = self._connect_to(other, handshake)
                        faults[other] = "it accepts connections, but does not connect"
                    except (OSError, ValueError) as fault:  # UnicodeError, of a name, is one
                        faults[other] = getattr(fault, "strerror", None) or str(fault)
                with suppress(OSError):
                    while True:
                        different |= self._accept(listener.accept()[0], trains)
        if different:
            raise DigitsError(
                f"{self._name(min(different))} trains something else: expected the same code, "
                "params.yaml, data, Python and libraries on all workers"
            )

    def _listen(self) -> socket.socket:
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        try:
            port = split_address(self.addresses[self.rank])[1]
            listener = socket.create_server(("", port), family=family, dualstack_ipv6=both)
        except OSError as fault:
            raise DigitsError(
                f"{self.addresses[self.rank]}, this worker's address in TF_CONFIG, cannot be "
                f"used: {fault.strerror}. End the program that uses it, or name another port on "
                "all workers"
            ) from None
        listener.settimeout(0.1)
        return listener

    def _accept(self, connection: socket.socket, trains: str) -> set[int]:
        """Keep the connection if it comes from a worker; return its rank if it trains other."""
        connection.settimeout(INTERVAL)
        try:
            message = connection.recv(HANDSHAKE_SIZE, socket.MSG_WAITALL).decode().split()
            rank, theirs = int(message[0]), message[1]
            if rank not in self.others:
                raise ValueError
        except (IndexError, OSError, ValueError):
            connection.close()
            return set()
        if rank in self.incoming:  # it was started again
            self.incoming[rank].close()
            if rank in self.outgoing:
                self.outgoing.pop(rank).close()
        self.incoming[rank] = connection
        return set() if theirs == trains else {rank}

    def _connect_to(self, other: int, handshake: bytes) -> socket.socket:
        address = split_address(self.addresses[other])
        connection = socket.create_connection(address, timeout=INTERVAL)
        if connection.getsockname() == connection.getpeername():  # on loopback, to itself
            connection.close()
            raise ConnectionRefusedError("Connection refused")
        connection.sendall(handshake)
        return connection

    def _missing(self, faults: dict[int, str], wait: float) -> str:
        missing = [n for n in self.others if n not in self.outgoing or n not in self.incoming]
        reasons = ", ".join(f"{self._name(n)}: {faults[n]}" for n in missing)
        return (
            f"no answer from {reasons}, within {wait:g} s. Is it started, and is there no firewall "
            "between the workers?"
        )

    def _name(self, other: int) -> str:
        return f"worker {other} ({self.addresses[other]})"

    def supervise(self, wait: float) -> Callable[[], object]:
        """Go on in a new process. This one becomes its supervisor, and ends as it does.

        Returns what to call there when TensorFlow has connected the workers, within `wait` seconds.
        TensorFlow must not have computed anything yet.
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
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # for the supervisor alone
            signal.signal(number, signal.SIG_IGN)
        self.close()
        return partial(os.write, writes, b"1")

    def _watch(self, child: int, pipe: int, deadline: float) -> NoReturn:
        """Exchange heartbeats until the training or another worker has ended."""
        heard, connected, next_beat = dict.fromkeys(self.incoming, monotonic()), False, 0.0
        while True:
            ranks = {self.incoming[other].fileno(): other for other in heard}
            ready, _, _ = select.select([pipe, *ranks], [], [], INTERVAL)
            if pipe in ready:
                connected = bool(os.read(pipe, 1))
                if not connected:  # the training has ended
                    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                    self._exit_with(code, first_works=0 in heard)
            for other in (ranks[file] for file in ready if file != pipe):
                heard[other], received = monotonic(), b""
                with suppress(OSError):
                    received = self.incoming[other].recv(64)
                if FINISHED in received:
                    del heard[other]
                elif not received:
                    self._abort(child, f"{self._name(other)} has ended")
            if monotonic() < next_beat:
                continue
            next_beat = monotonic() + INTERVAL
            for other, last in heard.items():
                if monotonic() - last > TIMEOUT:
                    self._abort(child, f"{self._name(other)} has sent nothing for {TIMEOUT:g} s")
            if not connected and monotonic() > deadline:
                workers = ", ".join(self.addresses)
                self._abort(child, f"TensorFlow does not connect the workers ({workers})")
            if psutil.Process(child).status() != psutil.STATUS_STOPPED:
                self._send(HEARTBEAT)

    def _exit_with(self, code: int, *, first_works: bool) -> NoReturn:
        """Exit as the training did, but not before the first worker has written the outputs."""
        if code == 0:
            self._send(FINISHED)
            received = HEARTBEAT if first_works else FINISHED
            with suppress(OSError):
                while received and FINISHED not in received:
                    self.incoming[0].settimeout(TIMEOUT)
                    received = self.incoming[0].recv(64)
            if FINISHED not in received:
                _print_error(f"{self._name(0)} has ended before it has written the outputs")
                code = 1
        elif code < 0:
            _print_error(f"the training was ended by {signal.Signals(-code).name}")
        os._exit(max(code, -code > 0))

    def _abort(self, child: int, reason: str) -> NoReturn:
        os.kill(child, signal.SIGKILL)
        _print_error(
            f"{reason}, so this worker ends too. Start all again: they resume from the last "
            "checkpoint"
        )
        os._exit(1)

    def _send(self, message: bytes) -> None:
        for connection in self.outgoing.values():
            with suppress(OSError):  # the other one has ended, as its own connection shows
                connection.send(message)

    def close(self) -> None:
        """Close all connections."""
        for connection in (*self.outgoing.values(), *self.incoming.values()):
            connection.close()


def _print_error(message: str) -> None:
    with suppress(OSError):
        os.write(2, f"error: {message}{process.HOW_TO_RESTORE}\n".encode())
