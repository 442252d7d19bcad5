"""Two hosts with a cable between them, in the kernel alone: `with two_hosts() as hosts`."""

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest


class Host(NamedTuple):
    """A network namespace, its address there, and what is /etc/hosts."""

    name: str
    address: str
    known: str

    def within(self, *command):
        """The words that run a command on this host."""
        bind = ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /etc/hosts; exec "$@"']
        return ["nsenter", f"--net=/run/netns/{self.name}", *bind, self.known, *command]

    def ip(self, *words):
        subprocess.run(["ip", "-n", self.name, *words], check=True, capture_output=True)


@contextmanager
def two_hosts(*names):
    """Yield 10.0.0.1 and 10.0.0.2, which know each other by `names`; skip without the rights."""
    if not shutil.which("ip"):
        pytest.skip("no iproute2 here")
    addresses = ["10.0.0.1", "10.0.0.2"]
    with ExitStack() as stack:
        known = stack.enter_context(tempfile.NamedTemporaryFile("w"))
        for address, words in [("127.0.0.1", "localhost"), *zip(addresses, names, strict=False)]:
            print(address, words, file=known, flush=True)
        hosts = [
            Host(f"digits{os.getpid()}-{n}", address, known.name)
            for n, address in enumerate(addresses)
        ]
        for host in hosts:
            if subprocess.run(["ip", "netns", "add", host.name], capture_output=True).returncode:
                pytest.skip("no network namespaces here")
            stack.callback(subprocess.run, ["ip", "netns", "delete", host.name], check=True)
        peer = ["type", "veth", "peer", "name", "cable", "netns", hosts[1].name]
        hosts[0].ip("link", "add", "cable", *peer)
        for host in hosts:
            host.ip("addr", "add", f"{host.address}/24", "dev", "cable")
            host.ip("link", "set", "cable", "up")
            host.ip("link", "set", "lo", "up")
        yield hosts
