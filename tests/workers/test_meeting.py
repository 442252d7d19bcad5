"""How workers find each other: in threads of one process, on loopback."""

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from digits.errors import DigitsError, ParameterError
from digits.params.train import TrainParams
from digits.workers import meeting
from digits.workers.meeting import Meeting, read_tf_config, wait_seconds
from tests.ports import free_ports

PARAMS = {"seed": 0, "epochs": 1, "batch_size": 24, "learning_rate": 0.01, "device": "cpu"}
PARAMS |= {"patience": None}
A, B = {"data": "a", "code": "c"}, {"data": "b", "code": "c"}


def config(cluster, kind, index):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


@pytest.fixture
def make(monkeypatch):
    """Make workers as their processes would, by the environment of each."""

    def workers(size, wait=10, addresses=None, shared=""):
        addresses = addresses or [f"127.0.0.1:{port}" for port in free_ports(size)]
        made = []
        for rank in range(size):
            monkeypatch.setenv("TF_CONFIG", config({"worker": addresses}, "worker", rank))
            monkeypatch.setenv("DIGITS_WAIT", str(wait))
            monkeypatch.setenv("DIGITS_TOKEN", shared)
            made.append(Meeting(TrainParams(**PARAMS, workers=size)))
        return made

    return workers


def met(workers, trained):
    """Let workers meet, each in a thread; return the error of each, None where all is well."""

    def one(worker, own):
        try:
            worker.compare(own)
        except DigitsError as fault:
            return str(fault)
        return None

    with ThreadPoolExecutor(len(workers)) as threads:
        return list(threads.map(one, workers, trained))


def say(worker, content):
    """Connect to a worker's port, and send bytes; the connection stays open."""
    for _ in range(1000):
        with suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", port(worker)), 1)
            connection.sendall(content)
            return connection
    raise AssertionError("nobody listens")


def port(worker):
    return int(worker.addresses[worker.rank].split(":")[1])


def greeting(worker, *content):
    """The bytes of a greeting as this worker would send it."""

    class Writer(list):
        write = list.append

    worker._send(sent := Writer(), b"greeting", content)
    return sent[0]


@pytest.mark.parametrize(("size", "token"), [(2, ""), (3, "secret"), (8, "")])
def test_all_meet(size, token, make):
    assert met(make(size, shared=token), [A] * size) == [None] * size


def test_those_who_train_something_else_are_told_what_differs(make):
    errors = met(make(3), [A, A, B])
    for error, other in zip(errors, ("worker 2", "worker 2", "worker 0"), strict=True):
        assert error.startswith(f"{other} (127.0.0.1:")
        assert error.endswith("got other data")


def test_one_that_never_comes_is_named_by_all(make):
    workers = make(3, wait=1)
    errors = met([workers[0], workers[2]], [A, A])
    assert all(error.startswith(f"no answer from {workers[0].name(1)} ") for error in errors)
    (error,) = met(make(3, wait=0.1)[1:2], [A])
    assert error.startswith("no answer from worker 0 (127.0.0.1:")


def test_an_address_that_cannot_be_used_is_named(make):
    workers = make(2, wait=1)
    with socket.create_server(("127.0.0.1", port(workers[1]))):
        errors = met(workers, [A, A])
    assert all(workers[0].addresses[1] in error for error in errors)
    assert "Address already in use" in errors[1]
    (error,) = met(make(2, addresses=["192.0.2.1:3333", "127.0.0.1:3333"])[:1], [A])
    assert error.startswith("192.0.2.1:3333, this worker's address in TF_CONFIG, cannot be used")
    (error,) = met(make(2, wait=0.1, addresses=["nowhere.invalid:3333", "b:1"])[:1], [A])
    assert error.startswith("no answer from ")


STRANGERS = {
    "silent": lambda worker: b"",
    "slow": lambda worker: b"a",
    "other protocol": lambda worker: b"GET / HTTP/1.1\r\n\r\n",
    "endless": lambda worker: b"a" * (2 << 20),
    "of another training": lambda worker: greeting(worker, 1, 1 << 80, 2, B),
    "nested": lambda worker: b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("count", [1, 400])
def test_strangers_are_ignored_and_hold_nobody_up(stranger, count, make, monkeypatch):
    monkeypatch.setattr(meeting, "PATIENCE", 0.5)
    content = STRANGERS[stranger](make(2)[1])
    workers = make(2)
    with ExitStack() as stack, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(met, workers[:1], [A])
        for _ in range(count if len(content) < 1000 else count // 40 + 1):
            with suppress(OSError):  # one is refused while there are too many
                stack.enter_context(say(workers[0], content))
        assert met(workers[1:], [A]) == [None]
        assert waiting.result() == [None]
    (error,) = met(make(2, wait=0.1)[:1], [A])
    assert error.startswith("no answer from worker 1")


def test_a_token_that_differs(make):
    workers = make(2, wait=0.5, shared="right")
    other = make(2, wait=0.5, addresses=workers[0].addresses, shared="wrong")
    errors = met([workers[0], other[1]], [A, A])
    assert [error.split(" (")[0] for error in errors] == [
        "no answer from worker 1",
        "no answer from worker 0",
    ]
    assert "DIGITS_TOKEN" in errors[1]


def test_only_a_token_lets_others_than_the_address_reach_the_port(make):
    for token, refused in (("", True), ("secret", False)):
        workers = make(2, shared=token)
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(met, workers[:1], [A])
            say(workers[0], b"").close()  # now it listens
            with socket.socket() as connection:
                assert bool(connection.connect_ex(("127.0.0.2", port(workers[0])))) == refused
            assert met(workers[1:], [A]) == [None]
            assert waiting.result() == [None]


def test_one_that_was_corrected_and_started_again_is_welcome(make):
    workers = make(3)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(met, workers[:1], [A])
        for _ in range(3):
            with pytest.raises(TimeoutError):  # as a kill would end it
                asyncio.run(asyncio.wait_for(workers[1]._greet(2, B), 0.3))
        assert met(workers[1:], [A, A]) == [None, None]
        assert waiting.result() == [None]


def test_the_later_of_two_processes_counts(make):
    workers = make(3)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(met, workers[:1], [A])
        later = say(workers[0], greeting(workers[1], 1, meeting.INCARNATION + 1, 2, A))
        earlier = say(workers[0], greeting(workers[1], 1, meeting.INCARNATION, 2, B))
        assert earlier.recv(1) == b""  # it is cut
        assert met(workers[2:], [A]) == [None]
        assert waiting.result() == [None]
        assert later.recv(64)
    for connection in (later, earlier):
        connection.close()


def test_one_that_is_started_again_catches_up(make):
    """The first one has met all, and waits for what they train."""
    workers = make(2)
    with ThreadPoolExecutor(2) as threads:
        steps = [threads.submit(worker.exchange, 1, None) for worker in workers]
        assert [step.result() for step in steps] == [[None, None]] * 2
        waiting = threads.submit(met, workers[:1], [A])
        assert workers[1].exchange(1, None) == []
        assert met(workers[1:], [A]) == [None]
        assert waiting.result() == [None]


@pytest.mark.parametrize("wait", ["abc", "nan", "-1", "inf"])
def test_a_wait_that_is_none(wait, monkeypatch):
    monkeypatch.setattr("sys.argv", ["train", "hidden", "--wait", wait])
    with pytest.raises(ParameterError, match=f"--wait: expected a number of seconds, got {wait}"):
        wait_seconds()


CHIEF = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "rank"),
    [
        ({"worker": ["a:1", "b:1", "[::1]:1"]}, "worker", 2, 2),
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
    *(["a:1", "b:1", "c:1"], ["a:1", "a:1"], ["::1:1", "b:1"], ["http://a:1", "b:1"], "ab"),
]
BAD = [
    *("", "{", "[]", "{}", '{"cluster": 1, "task": 2}', "[" * 100_000),
    *(config({"worker": ["a:1", "b:1"]}, "worker", n) for n in (2, -1, float("inf"), 0.7, None)),
    *(config({"worker": addresses}, "worker", 0) for addresses in BAD_ADDRESSES),
    config({"ps": ["a:1"], "worker": ["b:1"]}, "ps", 0),
]


@pytest.mark.parametrize("text", BAD)
def test_a_tf_config_that_cannot_be_used_is_told_in_one_line(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ParameterError, match=r"train\.workers in params\.yaml is 2: ") as raised:
        read_tf_config(2)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"batch_size": 33}, "expected a batch_size that it divides"), ({"device": "gpu"}, "cpu")],
)
def test_parameters_that_several_workers_cannot_have(changes, message):
    with pytest.raises(ParameterError, match=f"train.workers is 2: .*{message}"):
        Meeting(TrainParams(**PARAMS | {"workers": 2} | changes))
