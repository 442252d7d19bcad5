"""How the workers of one training find each other, before TensorFlow connects them.

The others greet the first worker. When all have, it answers each with what all have sent. Messages
are signed by what only the workers share, so strangers are ignored. Nobody waits without a limit.
"""

import asyncio
import hmac
import json
import os
import socket
import sys
from argparse import ArgumentParser
from asyncio import StreamReader, StreamWriter
from contextlib import closing, suppress
from time import time_ns
from typing import Any, NamedTuple

from digits.errors import DigitsError, ParameterError
from digits.params.train import TrainParams

FORM = '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}'
INTERVAL, PATIENCE = 0.2, 5.0
"""Seconds between two attempts to connect; seconds for which one, or a greeting, may take."""
MAX_UNKNOWN, MAX_MESSAGE = 256, 1 << 20
"""Connections without a greeting; bytes of a message."""
INCARNATION = time_ns()
"""The start of this process. Of two processes with the same rank the later one counts."""


def read_tf_config(workers: int) -> tuple[int, list[str]]:
    """Return this worker's rank and all addresses, by TF_CONFIG. Raises ParameterError."""
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        kinds = {kind: cluster.get(kind, []) for kind in ("chief", "worker")}
        addresses = [*kinds["chief"], *kinds["worker"]]
        ports = [split_address(address)[1] for address in addresses]
        if (
            not len(set(addresses)) == len(ports) == workers
            or not 0 < min(ports) <= max(ports) < 65536
        ):
            raise ValueError
        own = dict(enumerate(kinds[task["type"]]))[int(str(task["index"]))]
        return addresses.index(own), addresses
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise ParameterError(
            f"train.workers in params.yaml is {workers}: expected TF_CONFIG in the environment to "
            f"be like {FORM}, with {workers} different addresses, got {text[:300]!r}"
        ) from None


def split_address(address: str) -> tuple[str, int]:
    """Split host and port. Raises ValueError."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or (":" in host) != host.startswith("["):
        raise ValueError(f"expected HOST:PORT, got {address}")
    return host.strip("[]"), int(port)


def wait_seconds() -> float:
    """Return how long to wait for the others: --wait, or DIGITS_WAIT. Raises ParameterError."""
    parser = ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--wait", default=os.environ.get("DIGITS_WAIT", "60"))
    text = parser.parse_known_args()[0].wait
    with suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise ParameterError(f"--wait: expected a number of seconds, got {text}")


class Greeting(NamedTuple):
    """What the first worker knows of another one, which waits for the answer."""

    rank: int
    incarnation: int
    step: int
    word: Any
    writer: StreamWriter


class Meeting:
    """The workers of a training, seen by one of them."""

    def __init__(self, params: TrainParams) -> None:
        """Take the parameters of the training. Raises ParameterError."""
        setting = f"params.yaml: train.workers is {params.workers}"
        if sys.platform != "linux" or params.device == "gpu":
            raise ParameterError(f"{setting}: several workers need Linux and train.device cpu")
        if params.batch_size % params.workers:
            raise ParameterError(
                f"{setting}: expected a batch_size that it divides, got {params.batch_size}"
            )
        self.params, self.wait = params, wait_seconds()
        self.rank, self.addresses = read_tf_config(params.workers)
        self.token = os.environ.get("DIGITS_TOKEN", "")
        self.key = json.dumps([self.token, self.addresses]).encode()
        self.greetings: dict[int, Greeting] = {}
        self.fault = "no answer"

    def name(self, rank: int) -> str:
        """Return a worker's rank and address."""
        return f"worker {rank} ({self.addresses[rank]})"

    def exchange(self, step: int, word: Any) -> list[Any]:
        """Send a word, any JSON, to all; return those of all, by rank, when all have sent one.

        step: a worker that is started again begins with step 1, and catches up.
        Raises DigitsError: the port is taken, or a worker is missing after `wait` seconds.
        """
        words = asyncio.run(
            self._collect(step, word) if self.rank == 0 else self._greet(step, word)
        )
        if isinstance(words, str):  # why this worker, or the first one, gives up
            raise DigitsError(words)
        return list(words)

    def compare(self, trained: dict[str, str]) -> None:
        """Raise DigitsError if another worker trains something else. trained: hashes by name."""
        for rank, theirs in enumerate(self.exchange(2, trained)):
            if differ := [key for key in trained if theirs.get(key) != trained[key]]:
                raise DigitsError(
                    f"{self.name(rank)} trains something else: expected the same on all workers, "
                    f"got other {', other '.join(differ)}"
                )

    async def _collect(self, step: int, word: Any) -> Any:
        """As the first worker, wait for the greetings of the others; answer them."""
        self.step, self.changed = step, asyncio.Event()
        self.unknown = asyncio.Semaphore(MAX_UNKNOWN)
        others, server = range(1, len(self.addresses)), None
        try:
            async with asyncio.timeout(self.wait):
                listener = await self._listen()
                server = await asyncio.start_server(self._welcome, sock=listener, limit=MAX_MESSAGE)
                while len(self.greetings) < len(others):
                    await self.changed.wait()
                    self.changed.clear()
            words: Any = [word, *(self.greetings[rank].word for rank in others)]
        except TimeoutError:
            words = self._missing([rank for rank in others if rank not in self.greetings] or [0])
        for greeting in self.greetings.values():
            if greeting.step == step:  # else it greets again when this worker is as far
                self._send(greeting.writer, b"%d" % greeting.incarnation, words)
        if server:
            server.close()
        return words

    async def _greet(self, step: int, word: Any) -> Any:
        """As one of the others, greet the first worker until it answers."""
        host, port = split_address(self.addresses[0])
        greeting, sign = [self.rank, INCARNATION, step, word], b"%d" % INCARNATION
        with suppress(TimeoutError):
            async with asyncio.timeout(self.wait + PATIENCE):  # the first one knows who is missing
                with await self._listen():  # so that no other program takes the port
                    while True:
                        try:
                            connecting = asyncio.open_connection(host, port, limit=MAX_MESSAGE)
                            reader, writer = await asyncio.wait_for(connecting, PATIENCE)
                            with closing(writer):
                                self._send(writer, b"greeting", greeting)
                                return self._verify(sign, await reader.readline())
                        except (OSError, ValueError) as fault:
                            self.fault = str(fault) or self.fault
                        await asyncio.sleep(INTERVAL)
        return self._missing([0])

    async def _listen(self) -> socket.socket:
        """Listen at this worker's address; with a token at all, since it may be a router's."""
        host, port = split_address(self.addresses[self.rank])
        while True:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
                return socket.create_server(
                    ("" if self.token else found[4][0], port), family=found[0]
                )
            except socket.gaierror as fault:  # the name may become known when all have started
                self.fault = str(fault)
                await asyncio.sleep(INTERVAL)
            except (OSError, ValueError) as fault:
                raise DigitsError(
                    f"{self.addresses[self.rank]}, this worker's address in TF_CONFIG, cannot be "
                    f"used: {fault}. Expected an address of this machine and a free port"
                ) from None

    async def _welcome(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Keep the greeting of another worker while it stays connected; drop strangers."""
        greeting = None
        try:
            if self.unknown.locked():
                return
            async with self.unknown, asyncio.timeout(PATIENCE):
                said = self._verify(b"greeting", await reader.readline())
            greeting = Greeting._make([*said, writer])
            if greeting.step < self.step:
                self._send(writer, b"%d" % greeting.incarnation, [])
            elif greeting.incarnation >= self.greetings.get(greeting.rank, greeting).incarnation:
                self.greetings[greeting.rank] = greeting
                self.changed.set()
                await reader.read()
        except (OSError, ValueError, asyncio.CancelledError):
            pass  # Python 3.11 would print a traceback of a task that is cancelled
        finally:
            if greeting and self.greetings.get(greeting.rank) is greeting:
                del self.greetings[greeting.rank]
            writer.close()

    def _send(self, writer: StreamWriter, purpose: bytes, message: Any) -> None:
        body = json.dumps(message).encode() + b"\n"
        writer.write(hmac.digest(self.key, purpose + body, "sha256").hex().encode() + body)

    def _verify(self, purpose: bytes, line: bytes) -> Any:
        """Return the message of a signed line. Raises ValueError if it is not signed so."""
        signature, body = line[:64], line[64:]
        if signature != hmac.digest(self.key, purpose + body, "sha256").hex().encode():
            raise ValueError("it gives no answer to this TF_CONFIG and DIGITS_TOKEN")
        return json.loads(body)

    def _missing(self, ranks: list[int]) -> str:
        return (
            f"no answer from {', '.join(map(self.name, ranks))} within {self.wait:g} s: "
            f"{self.fault}. Is it started, with the same TF_CONFIG and DIGITS_TOKEN, and is there "
            "no firewall between the workers?"
        )


def meet(params: TrainParams) -> None:
    """Wait until all workers are there: before reading what another one may still write.

    Raises ParameterError where the parameters cannot be used, or DigitsError as `exchange` does.
    """
    if params.workers > 1:
        Meeting(params).exchange(1, None)
