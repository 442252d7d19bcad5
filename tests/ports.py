"""Ports of this machine, for the servers of tests."""

import socket
import time
from contextlib import ExitStack


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
