"""How the workers of a training find each other, before they read what another may still write.

The first worker asks the others until each has answered, and then tells them so. Messages are
signed by what only the workers share, so strangers are ignored. Nobody waits without a limit.
"""

import hmac
import json
import os
import select
import socket
import sys
import time
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

from digits.errors import DigitsError, ParameterError
from digits.params.train import TrainParams

INTERVAL, PATIENCE, MAX_CALLERS = 0.2, 5.0, 256
"""Seconds between two rounds of questions; seconds for an answer; connections held open."""


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
        """Wait until all are there. Raises DigitsError if one is not."""
        with self._listen() as server:  # all do, so that no other program takes the port
            missing = self._answer(server) if self.rank else self._ask_all()
        if missing:
            raise DigitsError(
                f"no answer from {', '.join(map(self.name, missing))} within {self.wait:g} s: "
                f"{self.fault}. Is it started, with the same TF_CONFIG and DIGITS_TOKEN, and is "
                "there no firewall between the workers?"
            )

    def _ask_all(self) -> list[int]:
        """As the first worker, ask the others until all answer; tell them who is missing."""
        others = range(1, len(self.addresses))
        while missing := [rank for rank in others if not self._ask(rank)]:
            if time.monotonic() > self.end:
                break
            time.sleep(INTERVAL)
        for rank in {*others} - {*missing}:
            self._ask(rank, missing)
        return missing

    def _ask(self, rank: int, missing: list[int] | None = None) -> bool:
        """Return whether a worker answers. missing: who is, if that is known."""
        now = time.time_ns()
        try:
            with socket.create_connection(split_address(self.addresses[rank]), PATIENCE) as called:
                called.sendall(self._signed(rank, [now, missing]))
                self._verify(now, called.recv(1000))
                return True
        except (OSError, ValueError) as fault:
            self.fault = str(fault) or self.fault
            return False

    def _answer(self, server: socket.socket) -> list[int]:
        """As one of the others, answer the first worker until it tells who is missing."""
        callers = [server]
        with ExitStack() as opened:
            while time.monotonic() < self.end + 2 * PATIENCE:  # the first one may still ask
                for ready in select.select(callers, [], [], INTERVAL)[0]:
                    if ready is server:
                        callers.append(opened.enter_context(server.accept()[0]))
                        if len(callers) > MAX_CALLERS:
                            callers.pop(1).close()
                        continue
                    callers.remove(ready)
                    with ready, suppress(OSError, ValueError):  # a stranger's, or broken off
                        now, missing = self._verify(self.rank, ready.recv(1 << 16))
                        ready.sendall(self._signed(now, "here"))
                        if missing is not None:
                            return list(missing)
        return [0]

    def _listen(self) -> socket.socket:
        """Listen at this worker's address when its name is known; with a token, at all of them."""
        host, port = split_address(self.addresses[self.rank])
        while True:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
                place = "" if self.token else found[4][0]
                return socket.create_server((place, port), family=found[0])
            except (OSError, ValueError) as fault:
                if isinstance(fault, socket.gaierror) and time.monotonic() < self.end:
                    time.sleep(INTERVAL)
                    continue
                raise DigitsError(
                    f"{self.addresses[self.rank]}, this worker's address in TF_CONFIG, cannot be "
                    f"used: {fault}. Expected an address of this machine and a free port"
                ) from None

    def _signed(self, purpose: int, words: object) -> bytes:
        """Return a message: a signature of 32 bytes, then the words in JSON."""
        body = json.dumps(words).encode()
        return hmac.digest(self.key, b"%d %s" % (purpose, body), "sha256") + body

    def _verify(self, purpose: int, message: bytes) -> Any:
        """Return the words of a message. Raises ValueError if it is not signed for `purpose`."""
        signature = hmac.digest(self.key, b"%d %s" % (purpose, message[32:]), "sha256")
        if not hmac.compare_digest(message[:32], signature):
            raise ValueError("it gives no answer to this TF_CONFIG and DIGITS_TOKEN")
        return json.loads(message[32:])


def meet(params: TrainParams) -> None:
    """Wait until all workers are there, if there are several. Raises as `Meeting` does."""
    if params.workers > 1:
        Meeting(params).meet()


def read_tf_config(workers: int) -> tuple[int, list[str]]:
    """Return this worker's rank and all addresses, by TF_CONFIG. Raises ParameterError."""
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        kinds = {kind: cluster.get(kind, []) for kind in ("chief", "worker")}
        addresses = [*kinds["chief"], *kinds["worker"]]
        if not len(set(map(split_address, addresses))) == len(addresses) == workers:
            raise ValueError
        own = dict(enumerate(kinds[task["type"]]))[int(str(task["index"]))]
        return addresses.index(own), addresses
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise ParameterError(
            f"train.workers in params.yaml is {workers}: expected TF_CONFIG in the environment to "
            'be like {"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", '
            f'"index": 0}}}}, with {workers} different addresses, got {text[:300]!r}'
        ) from None


def split_address(address: str) -> tuple[str, int]:
    """Split host and port. Raises ValueError."""
    parts = urlsplit(f"//{address}")
    if parts.netloc != address or not parts.hostname or not parts.port:
        raise ValueError
    return parts.hostname, parts.port


def wait_seconds() -> float:
    """Return how long to wait for the others: --wait, or DIGITS_WAIT. Raises ParameterError."""
    words = [*sys.argv, "--wait", os.environ.get("DIGITS_WAIT", "60")]
    text = words[words.index("--wait") + 1]
    with suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise ParameterError(f"--wait: expected a number of seconds, got {text}")
