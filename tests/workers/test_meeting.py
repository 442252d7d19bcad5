"""How workers find each other: in threads of one process, on loopback."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from digits.errors import DigitsError, ParameterError
from digits.params.train import TrainParams
from digits.workers import meeting
from digits.workers.meeting import Meeting, read_tf_config, wait_seconds
from tests.servers import free_ports

PARAMS = {"seed": 0, "epochs": 1, "batch_size": 24, "learning_rate": 0.01, "device": "cpu"}
PARAMS |= {"patience": None}


def config(cluster, kind, index):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


@pytest.fixture
def make(monkeypatch):
    """Make workers as their processes would, by the environment of each."""

    def workers(size, wait=10, addresses=None, shared=""):
        monkeypatch.setattr(meeting, "PATIENCE", 0.5)
        addresses = addresses or [f"127.0.0.1:{port}" for port in free_ports(size)]
        made = []
        for rank in range(size):
            monkeypatch.setenv("TF_CONFIG", config({"worker": addresses}, "worker", rank))
            monkeypatch.setenv("DIGITS_WAIT", str(wait))
            monkeypatch.setenv("DIGITS_TOKEN", shared)
            made.append(Meeting(TrainParams(**PARAMS, workers=size)))
        return made

    return workers


def met(*workers):
    """Let workers meet, each in a thread; return the error of each, "" where all is well."""

    def one(worker):
        try:
            worker.meet()
        except DigitsError as fault:
            return str(fault)
        return ""

    with ThreadPoolExecutor(len(workers)) as threads:
        return list(threads.map(one, workers))


def say(worker, content):
    """Connect to a worker's port, and send bytes; the connection stays open."""
    for _ in range(1000):
        with suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", port(worker)), 1)
            with suppress(OSError):  # the worker may end the connection before all is sent
                connection.sendall(content)
            return connection
    raise AssertionError("nobody listens")


def port(worker):
    return int(worker.addresses[worker.rank].split(":")[1])


@pytest.mark.parametrize(("size", "token"), [(2, ""), (3, "secret"), (8, "")])
def test_all_meet(size, token, make):
    assert met(*make(size, shared=token)) == [""] * size


def test_one_that_never_comes_is_named_by_all(make):
    first, _, third = make(3, wait=1)
    for error in met(first, third):
        assert error.startswith(f"no answer from {first.name(1)} ")
    (error,) = met(make(3, wait=0.1)[1])
    assert error.startswith("no answer from worker 0 (127.0.0.1:")


def test_an_address_that_cannot_be_used_is_named(make):
    workers = make(2, wait=1)
    with socket.create_server(("127.0.0.1", port(workers[1]))):
        errors = met(*workers)
    assert all(workers[0].addresses[1] in error for error in errors)
    assert "Address already in use" in errors[1]
    for place in ("192.0.2.1:3333", "nowhere.invalid:3333"):
        (error,) = met(make(2, wait=0.1, addresses=[place, "127.0.0.1:3333"])[0])
        assert error.startswith(f"{place}, this worker's address in TF_CONFIG, cannot be used")


STRANGERS = {
    "silent": b"",
    "slow": b"a",
    "other protocol": b"GET / HTTP/1.1\r\n\r\n",
    "endless": b"a" * (2 << 20),
    "of another training": None,
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("count", [1, 400])
def test_strangers_are_ignored_and_hold_nobody_up(stranger, count, make):
    content = STRANGERS[stranger] or make(2)[0]._signed(1, [0, []])
    first, second = make(2)
    with ExitStack() as stack, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(met, second)
        for _ in range(count if len(content) < 1000 else count // 40 + 1):
            with suppress(OSError):  # one is refused while there are too many
                stack.enter_context(say(second, content))
        assert met(first) == waiting.result() == [""]


def test_one_that_is_started_again_is_welcome(make):
    first, second, third = make(3, wait=3)
    with ThreadPoolExecutor(1) as threads:
        second.end = -1e9  # it ends as soon as it is there
        assert met(second) != [""]
        waiting = threads.submit(met, first, third)
        second.end = first.end
        assert met(second) == [""]
        assert waiting.result() == ["", ""]


def test_a_token_that_differs(make):
    workers = make(2, wait=0.5, shared="right")
    other = make(2, wait=0.5, addresses=workers[0].addresses, shared="wrong")
    errors = met(workers[0], other[1])
    assert [error.split(" (")[0] for error in errors] == [
        "no answer from worker 1",
        "no answer from worker 0",
    ]
    assert "DIGITS_TOKEN" in errors[1]


@pytest.mark.parametrize(("token", "refused"), [("", True), ("secret", False)])
def test_only_a_token_lets_others_than_the_address_reach_the_port(token, refused, make):
    workers = make(2, shared=token)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(met, workers[0])
        say(workers[0], b"").close()  # now it listens
        with socket.socket() as connection:
            assert bool(connection.connect_ex(("127.0.0.2", port(workers[0])))) == refused
        assert met(workers[1]) == waiting.result() == [""]


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


@pytest.mark.parametrize("changes", [{"batch_size": 33}, {"device": "gpu"}])
def test_parameters_that_several_workers_cannot_have(changes):
    with pytest.raises(ParameterError, match=r"train\.workers is 2: .* (33|gpu)"):
        Meeting(TrainParams(**PARAMS | {"workers": 2} | changes))
