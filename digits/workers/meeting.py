"""How the workers of a training find each other, before they read what another may still write.

The others greet the first worker, and stay connected. When all have, it answers each. Messages are
signed by what only the workers share, so strangers are ignored. Nobody waits without a limit.
"""

import hmac
import json
import os
import select
import socket
import sys
import time
from contextlib import suppress
from operator import itemgetter

from digits.cluster import read_tf_config, split_address, wait_seconds
from digits.errors import DigitsError, ParameterError
from digits.params.train import TrainParams

INTERVAL, PATIENCE = 0.2, 5.0
"""Seconds between two attempts to connect; seconds that one may take."""
MAX_UNKNOWN = 256
"""Connections without a greeting; beyond, the oldest is closed."""


class Meeting:
    """The workers of a training, seen by one of them."""

    def __init__(self, params: TrainParams) -> None:
        """Take the parameters, and what the environment says. Raises ParameterError."""
        if sys.platform != "linux" or params.device == "gpu" or params.batch_size % params.workers:
            raise ParameterError(
                f"params.yaml: train.workers is {params.workers}: expected Linux, train.device cpu "
                "and a batch_size that the number of workers divides, got "
                f"{sys.platform}, {params.device} and {params.batch_size}"
            )
        self.rank, self.addresses = read_tf_config(params.workers)
        self.wait, self.token = wait_seconds(), os.environ.get("DIGITS_TOKEN", "")
        self.key = json.dumps([self.token, self.addresses]).encode()
        self.end, self.fault = time.monotonic() + self.wait, "no answer"

    def name(self, rank: int) -> str:
        """Return a worker's rank and address."""
        return f"worker {rank} ({self.addresses[rank]})"

    def meet(self) -> None:
        """Wait until all are there.

        Raises DigitsError: this worker's address cannot be used, or another worker is missing.
        """
        with self._listen() as server:  # all do, so that no other program takes the port
            missing = self._greet() if self.rank else self._collect(server)
        if missing:
            raise DigitsError(
                f"no answer from {', '.join(map(self.name, missing))} within {self.wait:g} s: "
                f"{self.fault}. Is it started, with the same TF_CONFIG and DIGITS_TOKEN, and is "
                "there no firewall between the workers?"
            )

    def _collect(self, server: socket.socket) -> list[int]:
        """As the first worker, answer the others when all have greeted; return who is missing."""
        others, there = range(1, len(self.addresses)), dict[int, socket.socket]()
        said: dict[socket.socket, tuple[int, int]] = {}
        """The start and rank that each has greeted with; 0, 0 before."""
        while len(there) < len(others) and time.monotonic() < self.end:
            for ready in select.select([server, *said], [], [], INTERVAL)[0]:
                if ready is server:
                    said[server.accept()[0]] = 0, 0
                    continue
                try:
                    start, rank = self._verify("greeting", ready.recv(1000))
                    said[ready] = start, rank
                except (OSError, ValueError):  # a stranger, or one that has ended
                    with ready:
                        del said[ready]
            for each in [each for each, (_, rank) in said.items() if not rank][:-MAX_UNKNOWN]:
                with each:
                    del said[each]
            # of two processes with the same rank the later one counts
            ordered = sorted(said.items(), key=itemgetter(1))
            there = {rank: each for each, (_, rank) in ordered if rank}
        missing = [rank for rank in others if rank not in there]
        answer = " ".join(map(str, missing)).encode()
        for each, (start, rank) in said.items():
            with each, suppress(OSError):
                if there.get(rank) is each:
                    each.sendall(self._signed(start, answer))
        return missing

    def _greet(self) -> list[int]:
        """As one of the others, greet the first until it answers; return who is missing."""
        start = time.time_ns()
        while time.monotonic() < self.end:
            try:
                place = split_address(self.addresses[0])
                with socket.create_connection(place, PATIENCE) as connection:
                    connection.sendall(self._signed("greeting", b"%d %d" % (start, self.rank)))
                    # longer, since the first one knows who is missing
                    connection.settimeout(self.end - time.monotonic() + PATIENCE)
                    return self._verify(start, connection.recv(1 << 16))
            except (OSError, ValueError) as fault:
                self.fault = str(fault) or self.fault
            time.sleep(INTERVAL)
        return [0]

    def _listen(self) -> socket.socket:
        """Listen at this worker's address; with a token at all, since it may be a router's."""
        host, port = split_address(self.addresses[self.rank])
        while True:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
                place = "" if self.token else found[4][0]
                return socket.create_server((place, port), family=found[0])
            except (OSError, ValueError) as fault:
                # a name may become known when all have started
                if isinstance(fault, socket.gaierror) and time.monotonic() < self.end:
                    time.sleep(INTERVAL)
                    continue
                raise DigitsError(
                    f"{self.addresses[self.rank]}, this worker's address in TF_CONFIG, cannot be "
                    f"used: {fault}. Expected an address of this machine and a free port"
                ) from None

    def _signed(self, purpose: object, body: bytes) -> bytes:
        """Return a message: a signature of 32 bytes, then its body."""
        return hmac.digest(self.key, f"{purpose}".encode() + body, "sha256") + body

    def _verify(self, purpose: object, message: bytes) -> list[int]:
        """Return the numbers of a message. Raises ValueError if it is not signed for `purpose`."""
        if not hmac.compare_digest(message, self._signed(purpose, message[32:])):
            raise ValueError("it gives no answer to this TF_CONFIG and DIGITS_TOKEN")
        return [int(number) for number in message[32:].split()]


def meet(params: TrainParams) -> None:
    """Wait until all workers are there, if there are several. Raises as `Meeting` does."""
    if params.workers > 1:
        Meeting(params).meet()
