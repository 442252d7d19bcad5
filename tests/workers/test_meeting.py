"""How workers find each other: in threads of one process, on loopback."""

import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from digits.errors import DigitsError, ParameterError
from digits.params.train import TrainParams
from digits.workers.distributed import connect, wait_seconds
from digits.workers.meeting import Meeting, read_tf_config
from tests.ports import free_ports

A, B = "a" * 64, "b" * 64


def met(addresses, trains, wait=5.0):
    """Let workers meet, each in a thread; return the error of each, None where all is well."""

    def one(rank):
        with closing(Meeting(rank, addresses)) as meeting:
            try:
                meeting.meet(trains[rank], wait)
            except DigitsError as fault:
                return str(fault)
        return None

    with ThreadPoolExecutor(len(trains)) as threads:
        return list(threads.map(one, range(len(trains))))


def local(count):
    return [f"127.0.0.1:{port}" for port in free_ports(count)]


@pytest.mark.parametrize("size", [2, 3, 8])
def test_all_meet(size):
    assert met(local(size), [A] * size) == [None] * size


def test_those_who_train_something_else_are_told():
    errors = met(local(3), [A, A, B])
    for error, other in zip(errors, ("worker 2", "worker 2", "worker 0"), strict=True):
        assert error.startswith(other)
        assert "trains something else" in error


def test_an_address_that_is_taken_is_named():
    addresses = local(2)
    with socket.create_server(("127.0.0.1", int(addresses[1].split(":")[1]))):
        errors = met(addresses, [A, A], wait=1)
    assert all(addresses[1] in error for error in errors)
    assert os.strerror(98) in errors[1]


@pytest.mark.parametrize(
    "message", [b"", b"GET / HTTP/1.1\r\n\r\n", b"00000 " + b"a" * 74, b"-0001 " + b"a" * 74]
)
def test_a_stranger_at_the_port_is_ignored(message):
    addresses = local(2)

    def stranger():
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(message)
                return

    port = int(addresses[0].split(":")[1])
    with ThreadPoolExecutor(1) as threads:
        threads.submit(stranger)
        assert met(addresses, [A, A]) == [None, None]


def test_one_that_is_started_again_before_all_are_there():
    addresses = local(3)
    with ThreadPoolExecutor(1) as threads, closing(Meeting(0, addresses)) as first:
        waiting = threads.submit(first.meet, A, 20)
        with closing(Meeting(1, addresses)) as ended, pytest.raises(DigitsError, match="worker 2"):
            ended.meet(A, 1)
        with ThreadPoolExecutor(2) as others:
            again = [Meeting(n, addresses) for n in (1, 2)]
            for each in [others.submit(one.meet, A, 20) for one in again]:
                each.result()
        waiting.result()
        for one in again:
            one.close()


@pytest.mark.parametrize("wait", ["abc", "nan", "-1"])
def test_a_wait_that_is_none(wait, monkeypatch):
    monkeypatch.setattr("sys.argv", ["train", "hidden", "--wait", wait])
    with pytest.raises(ParameterError, match=f"--wait: expected a number of seconds, got {wait}"):
        wait_seconds()


def config(cluster, kind, index):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


CHIEF = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "rank"),
    [
        ({"worker": ["a:1", "b:1", "c:1"]}, "worker", 2, 2),
        (CHIEF, "chief", 0, 0),
        (CHIEF, "worker", 0, 1),
        (CHIEF, "worker", "1", 2),
    ],
)
def test_tf_config_is_read_as_schedulers_write_it(cluster, kind, index, rank, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config(cluster, kind, index))
    assert read_tf_config(3) == (rank, [*cluster.get("chief", []), *cluster["worker"]])


BAD_ADDRESSES = [
    *(["a:1", "b"], ["a:1", "b:0"], ["a:1", "b:99999"], [":1", "b:1"], [1, 2], ["a:1"]),
    *(["a:1", "b:1", "c:1"], ["a:1", "a:1"], ["::1:1", "b:1"], ["http://a:1", "b:1"]),
]
BAD = [
    *("", "{", "[]", "{}", '{"cluster": 1, "task": 2}', "[" * 100_000),
    *(config({"worker": ["a:1", "b:1"]}, "worker", index) for index in (2, float("inf"), 0.7)),
    *(config({"worker": addresses}, "worker", 0) for addresses in BAD_ADDRESSES),
    config({"ps": ["a:1"], "worker": ["b:1"]}, "ps", 0),
]


@pytest.mark.parametrize("text", BAD)
def test_a_tf_config_that_does_not_do_is_told_in_one_line(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ParameterError, match=r"train\.workers in params\.yaml is 2: ") as raised:
        read_tf_config(2)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"batch_size": 33}, "expected a batch_size that it divides"), ({"device": "gpu"}, "cpu")],
)
def test_parameters_that_several_workers_cannot_have(changes, message, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config({"worker": ["a:1", "b:1"]}, "worker", 0))
    params = {"seed": 0, "epochs": 1, "batch_size": 32, "learning_rate": 0.01, "device": "cpu"}
    with pytest.raises(ParameterError, match=f"train.workers is 2: .*{message}"):
        connect(TrainParams(**params | {"workers": 2, "patience": None} | changes), [], "")
