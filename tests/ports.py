"""Ports and programs of this machine, for the servers of tests."""

import os
import shutil
import socket
import time
from contextlib import ExitStack

import pytest

from tests.pipeline import ENVIRONMENT

PATH = f"{ENVIRONMENT['PATH']}:/usr/sbin"  # where Debian has daemons, also for users


def need(*programs):
    """Skip a test for which a program is missing; fail it if REQUIRE_CLUSTER is set (.ci/run)."""
    if missing := [name for name in programs if not shutil.which(name, path=PATH)]:
        miss = pytest.fail if "REQUIRE_CLUSTER" in os.environ else pytest.skip
        miss(f"not installed: {', '.join(missing)}")


def free_ports(count):
    """Ports of 127.0.0.1 that nobody has."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def wait_for(process, port, address="127.0.0.1"):
    """Wait until a server, which must go on running, answers at its port."""
    refused = True
    while refused:
        assert process.poll() is None, f"{process.args} has ended"
        time.sleep(0.1)
        with socket.socket() as asking:
            refused = asking.connect_ex((address, port))
