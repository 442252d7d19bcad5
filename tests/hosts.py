"""Two hosts with a cable between them, in the kernel alone: `with two_hosts() as hosts`."""

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest


class Host(NamedTuple):
    """A network namespace, its address there, and the file that is its /etc/hosts."""

    name: str
    address: str
    known: str

    def within(self, *command):
        """The words that run a command on this host."""
        bind = ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /etc/hosts; exec "$@"']
        return ["nsenter", f"--net=/run/netns/{self.name}", *bind, self.known, *command]

    def ip(self, *words):
        """Change this host's network, as the command `ip` does."""
        subprocess.run(["ip", "-n", self.name, *words], check=True)


@contextmanager
def two_hosts(*names):
    """Yield 10.0.0.1 and 10.0.0.2, which know each other by `names`; skip without the rights."""
    if not shutil.which("ip"):
        pytest.skip("no iproute2 here")
    with ExitStack() as stack:
        known = stack.enter_context(tempfile.NamedTemporaryFile("w"))
        addresses = ["10.0.0.1", "10.0.0.2"]
        for address, words in [("127.0.0.1", "localhost"), *zip(addresses, names, strict=False)]:
            print(address, words, file=known, flush=True)
        one, two = (f"digits{os.getpid()}-{n}" for n in range(2))
        commands = [f"-n {one} link add cable type veth peer name cable netns {two}"]
        for name, address in zip((one, two), addresses, strict=True):
            if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
                pytest.skip("no network namespaces here")
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=True)
            commands.append(f"-n {name} addr add {address}/24 dev cable")
            commands += [f"-n {name} link set {device} up" for device in ("cable", "lo")]
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True, capture_output=True)
        yield [Host(*words, known.name) for words in zip((one, two), addresses, strict=True)]
