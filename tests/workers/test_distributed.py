"""One training on several workers: real processes on loopback, or on two hosts of a kernel."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from digits.backend import keras
from digits.data.info import read_info
from digits.data.loading import read_examples
from digits.errors import DigitsError, ParameterError
from digits.files.arrays import write_array
from digits.inference.network import load
from digits.models import hidden, resuming
from digits.workers.meeting import Meeting, named
from tests import pipeline
from tests.hosts import two_hosts
from tests.ports import free_ports

DRIVER = """
import json, os, sys
import numpy as np
from digits.data.loading import Examples
from digits.files.arrays import read_array
from digits.files.atomic import write_json
from digits.models import hidden, resuming
from digits.backend import keras
from digits.training.saving import save
from digits.params.train import Train
from digits.process import run

made = []

def build(pixels, classes):
    model = hidden.build(pixels, classes, 16)
    if "dropout" in os.environ["SETTINGS"]:
        layers = [keras.layers.Dropout(0.3), keras.layers.BatchNormalization()]
        parts = [keras.Input((pixels,)), *model.layers[:1], *layers, *model.layers[1:]]
        model = keras.Sequential(parts, name="dropping")
    made.append(model)
    return made[0]

def noisy(images, random):
    return images + random.normal(0, 0.1, images.shape)

def main():
    from digits.training.train import train
    settings = json.loads(os.environ["SETTINGS"])
    recipe = Train(**settings["recipe"])
    count = settings["examples"]
    kinds = {"images": (np.float32, None, 784), "labels": (np.uint8, None)}
    arrays = [read_array(f"{name}.npy", *kind) for name, kind in kinds.items()]
    training, validation = (
        Examples(*(a[part] for a in arrays)) for part in (slice(count), slice(count, None))
    )
    resuming.EVERY, state = 0.0, resuming.State("some")
    try:
        model, history = train(
            build, training, validation, recipe, classes=10, state=state,
            augment=noisy if settings.get("augment") else None,
            after_epoch=lambda history: print("epoch", len(history), flush=True),
        )
        save(model, "model.keras")
        write_json("history.json", history)
        state.forget()
    finally:
        if made:
            rank = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
            weights = [w.numpy().ravel() for w in made[0].variables]
            np.save(f"weights{rank}.npy", np.concatenate(weights))

run(main)
"""


def config(addresses, rank):
    task = {"type": "worker", "index": rank}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


class Workers:
    """The processes of a training, each with its output."""

    def __init__(
        self,
        folder,
        size,
        *,
        hosts=None,
        wait=60,
        examples=300,
        start=None,
        kind="",
        addresses=None,
        **recipe,
    ):
        (folder / "driver.py").write_text(DRIVER)
        ports = free_ports(size)
        names = [host.address for host in hosts] if hosts else ["127.0.0.1"] * size
        self.addresses = addresses or [
            f"{name}:{port}" for name, port in zip(names, ports, strict=True)
        ]
        known = {"seed": 0, "epochs": 2, "batch_size": 66, "learning_rate": 0.01}
        known |= {"workers": size, "device": "cpu"}
        settings = json.dumps({"recipe": known | recipe, "examples": examples, kind: True})
        self.folder, self.processes = folder, {}
        for rank in range(size) if start is None else start:
            environment = {"TF_CONFIG": config(self.addresses, rank), "SETTINGS": settings}
            with (folder / f"err{rank}").open("w") as err:
                command = [sys.executable, "driver.py", "--wait", str(wait)]
                self.processes[rank] = subprocess.Popen(
                    hosts[rank].within(*command) if hosts else command,
                    cwd=folder,
                    env=pipeline.ENVIRONMENT | environment | {"PYTHONPATH": str(pipeline.ROOT)},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=err,
                    text=True,
                )

    def until(self, text):
        """Read what the first one says until a line holds `text`."""
        for line in self.processes[0].stdout:
            if text in line:
                return
        raise AssertionError((self.end(), [self.said(rank) for rank in self.processes]))

    def said(self, rank):
        return (self.folder / f"err{rank}").read_text()

    def end(self, timeout=120):
        """Wait for all; return the exit codes in the order of the ranks."""
        try:
            return [self.processes[rank].wait(timeout) for rank in sorted(self.processes)]
        finally:
            for process in self.processes.values():
                process.kill()
                process.wait()
                process.stdout.close()

    def all_well(self):
        codes = self.end()
        said = [self.said(rank) for rank in sorted(self.processes)]
        assert (codes, said) == ([0] * len(codes), [""] * len(codes))


@pytest.fixture
def folder(examples, tmp_path):
    write_array(f"{tmp_path}/images.npy", np.array(examples.images))
    write_array(f"{tmp_path}/labels.npy", np.array(examples.labels))
    return tmp_path


def weights(folder, size):
    return [np.load(folder / f"weights{rank}.npy", allow_pickle=False) for rank in range(size)]


def batches(count, size, batch_size, epochs):
    """Which examples make a step, by what the documents say of it."""
    full = count // batch_size
    shuffles = [np.random.default_rng(rank << 32) for rank in range(size)]
    share = full * batch_size // size
    for _ in range(epochs):
        orders = [shuffle.permutation(share) + n * share for n, shuffle in enumerate(shuffles)]
        for step in range(full):
            own = slice(step * batch_size // size, (step + 1) * batch_size // size)
            yield np.concatenate([order[own] for order in orders])
        if count % batch_size:
            yield np.arange(full * batch_size, count)


@pytest.mark.parametrize(
    ("size", "count", "batch_size"),
    [
        (2, 300, 66),
        pytest.param(3, 300, 66, marks=pytest.mark.slow),
        pytest.param(3, 299, 33, marks=pytest.mark.slow),  # two examples are left for three
        pytest.param(2, 300, 300, marks=pytest.mark.slow),  # one step, nothing left
        pytest.param(2, 255, 256, marks=pytest.mark.slow),  # less than a batch
    ],
)
def test_the_same_as_train_on_batch(size, count, batch_size, folder, examples):
    Workers(folder, size, examples=count, batch_size=batch_size).all_well()
    first, *others = weights(folder, size)
    for other in others:
        np.testing.assert_array_equal(first, other)

    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    plain = hidden.build(784, 10, 16)
    plain.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    losses = []
    for batch in batches(count, size, batch_size, epochs=2):
        assert len(batch) in (batch_size, count % batch_size)
        found = float(plain.train_on_batch(*(array[batch] for array in examples)))
        losses.append((found, len(batch)))
    wanted = np.concatenate([weight.numpy().ravel() for weight in plain.variables])
    np.testing.assert_allclose(first, wanted, atol=1e-4)
    history = json.loads((folder / "history.json").read_text())
    steps = len(losses) // 2
    for epoch, half in zip(history, (losses[:steps], losses[steps:]), strict=True):
        mean = np.average([loss for loss, _ in half], weights=[size for _, size in half])
        assert epoch["loss"] == pytest.approx(mean, abs=1e-4)
        assert epoch["accuracy"] * count == pytest.approx(
            round(epoch["accuracy"] * count), abs=1e-3
        )
    held_out = [array[count:] for array in examples]
    if len(held_out[0]):
        measured = plain.evaluate(*held_out, verbose=0)
        assert history[-1]["val_loss"] == pytest.approx(measured, abs=1e-4)


@pytest.mark.slow
def test_two_runs_give_the_same_bytes_and_another_number_of_workers_others(folder):
    found = []
    for size in (2, 2, 3):
        Workers(folder, size).all_well()
        found.append((folder / "model.keras").read_bytes())
    assert found[0] == found[1] != found[2]
    assert not (folder / resuming.FOLDER).exists()


@pytest.mark.slow
@pytest.mark.fault("several workers: kill -9, all started again", tried=20)
def test_a_worker_is_killed_and_all_go_on_from_there(folder):
    epochs, random = 400, np.random.default_rng(0)
    Workers(folder, 2, epochs=epochs).all_well()
    wanted = (folder / "model.keras").read_bytes()
    for _ in range(20):
        workers = Workers(folder, 2, epochs=epochs)
        begun = int(workers.processes[0].stdout.readline().split()[-1])
        workers.until(f"epoch {begun + random.integers(1, 5)}\n")
        victim = int(random.integers(2))
        workers.processes[victim].kill()
        codes = workers.end(timeout=15)
        assert (codes[victim], codes[1 - victim]) == (-signal.SIGKILL, 1)
        name = f"error: worker {victim} ({workers.addresses[victim]})"
        assert one_line(workers.said(1 - victim), name)
    workers = Workers(folder, 2, epochs=epochs)
    assert "resumed after epoch" in workers.processes[0].stdout.readline()
    workers.all_well()
    assert (folder / "model.keras").read_bytes() == wanted


@pytest.mark.slow
@pytest.mark.skipif(not Path("data/processed/test_images.npy").exists(), reason="nothing is built")
def test_on_all_of_mnist_two_workers_do_as_well_as_one(tmp_path):
    """Within four standard deviations of another seed, as README has them."""
    for name in ("digits", "stages"):
        shutil.copytree(name, tmp_path / name)
    (tmp_path / "data").symlink_to(Path("data").resolve())
    shutil.copy("params.yaml", tmp_path)
    project = pipeline.Project(tmp_path)
    project.set("train.workers", 2)
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    with ThreadPoolExecutor() as threads:
        command = ["python", "-m", "stages.train_hidden"]
        tasks = [["env", f"TF_CONFIG={config(addresses, rank)}", *command] for rank in (0, 1)]
        list(threads.map(lambda task: project.run(*task), tasks))
    network = load(project.path("models/hidden.keras"), *read_info().sizes)
    images, labels = read_examples("test")
    found = np.mean(network.logits(np.array(images)).argmax(axis=1) == labels)
    alone = json.loads(Path("metrics/evaluation.json").read_text())["hidden"]["accuracy"]
    assert found == pytest.approx(alone, abs=0.004)
    print(f"test accuracy by two workers {found:.2%}, by one {alone:.2%}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dropout", "augment"])
def test_random_numbers_go_on_from_there(kind, folder):
    """Where one of the workers has no example left in each epoch's last batch, too."""
    options = {"examples": 67, "epochs": 12, "kind": kind}
    Workers(folder, 2, **options).all_well()
    wanted = (folder / "model.keras").read_bytes()
    workers = Workers(folder, 2, **options)
    workers.until("epoch 3\n")
    workers.processes[0].kill()
    workers.end(timeout=15)
    workers = Workers(folder, 2, **options)
    assert "resumed after epoch" in workers.processes[0].stdout.readline()
    workers.all_well()
    assert (folder / "model.keras").read_bytes() == wanted
    first, second = weights(folder, 2)
    np.testing.assert_array_equal(first, second)


@pytest.mark.slow
@pytest.mark.fault("several workers: they have other data")
def test_other_examples_on_one_of_them(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(folder, other, dirs_exist_ok=True)
    labels = np.load(folder / "labels.npy")
    write_array(f"{other}/labels.npy", labels[::-1].copy())
    first = Workers(folder, 2, start=[0])
    second = Workers(other, 2, start=[1], addresses=first.addresses)
    assert first.end(timeout=30) + second.end(timeout=30) == [1, 1]
    assert one_line(first.said(0), "error: worker 1 ")
    assert one_line(second.said(1), "error: worker 0 ")


@pytest.mark.slow
@pytest.mark.fault("several workers: the first cannot write")
def test_the_others_end_badly_where_the_first_cannot_write(folder):
    (folder / "model.keras").mkdir()
    workers = Workers(folder, 2)
    assert workers.end() == [1, 1]
    assert one_line(workers.said(1), "error: worker 0 ")


def one_line(said, begin):
    return said.startswith(begin) and said.count("\n") == 1


@pytest.mark.fault("several workers: one freezes")
@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_worker_freezes(victim, folder):
    workers = Workers(folder, 2, epochs=10_000)
    workers.until("epoch 2\n")
    workers.processes[victim].send_signal(signal.SIGSTOP)
    assert workers.processes[1 - victim].wait(15) == 1
    assert one_line(workers.said(1 - victim), f"error: worker {victim} ")
    workers.processes[victim].kill()
    workers.end()


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        ("SIGTERM", 1),
        pytest.param("SIGINT", 0, marks=pytest.mark.slow),
        pytest.param("SIGTERM", 0, marks=pytest.mark.slow),
        pytest.param("SIGINT", 1, marks=pytest.mark.slow),
    ],
)
@pytest.mark.fault("several workers: a signal to one")
def test_a_signal_stops_it_at_once_and_the_others_with_it(name, rank, folder):
    workers = Workers(folder, 2, epochs=10_000)
    workers.until("epoch 2\n")
    number = getattr(signal, name)
    workers.processes[rank].send_signal(number)
    codes = workers.end(timeout=15)
    assert (codes[rank], codes[1 - rank]) == (128 + number, 1)
    assert workers.said(rank) == f"error: stopped by {name}\n"
    assert one_line(workers.said(1 - rank), f"error: worker {rank} ")


@pytest.mark.slow
@pytest.mark.fault("several workers: one never comes")
def test_a_worker_that_never_comes(folder):
    workers = Workers(folder, 3, wait=3, start=[0, 2])
    assert workers.end(timeout=30) == [1, 1]
    for rank in (0, 2):
        said = workers.said(rank)
        assert one_line(said, f"error: no answer from worker 1 ({workers.addresses[1]}): ")


@pytest.fixture
def hosts():
    with two_hosts() as found:
        yield found


@pytest.mark.slow
@pytest.mark.fault("several workers: a cable is pulled")
def test_two_hosts_and_a_cable_that_is_pulled(hosts, folder):
    Workers(folder, 2, hosts=hosts).all_well()
    for one, other in [weights(folder, 2)]:
        np.testing.assert_array_equal(one, other)
    workers = Workers(folder, 2, hosts=hosts, epochs=10_000)
    workers.until("epoch 2\n")
    hosts[0].ip("link", "set", "cable", "down")
    assert workers.end(timeout=15) == [1, 1]
    for rank in (0, 1):
        assert one_line(workers.said(rank), f"error: worker {1 - rank} ")


@pytest.mark.slow
@pytest.mark.fault("several workers: a firewall")
def test_a_firewall_between_two_hosts(hosts, folder):
    """What is sent to the second host is dropped without an answer."""
    hosts[0].ip("route", "replace", "blackhole", f"{hosts[1].address}/32")
    workers = Workers(folder, 2, hosts=hosts, wait=3)
    assert workers.end(timeout=30) == [1, 1]
    for rank in (0, 1):
        said = workers.said(rank)
        assert one_line(said, "error: no ")
        assert workers.addresses[1 - rank] in said


def gathered(addresses, trains, wait=5.0):
    """Let workers meet, each in a thread; return what each is told, None where all is well."""

    def one(rank):
        with closing(Meeting(rank, addresses)) as meeting:
            try:
                meeting.gather(trains[rank], wait)
            except DigitsError as fault:
                return str(fault)
        return None

    with ThreadPoolExecutor(len(trains)) as threads:
        return list(threads.map(one, trains))


def local(count):
    return [f"127.0.0.1:{port}" for port in free_ports(count)]


@pytest.mark.parametrize("size", [2, 3, 8])
def test_all_meet(size):
    assert gathered(local(size), dict.fromkeys(range(size), "a" * 64)) == [None] * size


@pytest.mark.fault("several workers: they train different things")
def test_those_who_train_something_else_are_told(examples):
    told = gathered(local(3), {0: "a" * 64, 1: "a" * 64, 2: "b" * 64})
    assert "worker 2" in told[0]
    assert "worker 2" in told[1]
    assert "worker 0" in told[2]
    assert all("something else" in line for line in told)


@pytest.mark.fault("several workers: a port that is taken")
def test_an_address_that_is_taken_is_named():
    addresses = local(2)
    with socket.create_server(("127.0.0.1", int(addresses[1].split(":")[1]))):
        told = gathered(addresses, {0: "a" * 64, 1: "a" * 64}, wait=1)
    assert addresses[1] in told[0]
    assert addresses[1] in told[1]
    assert os.strerror(98) in told[1]


@pytest.mark.fault("several workers: strangers at the port")
@pytest.mark.parametrize(
    "words", [b"", b"GET / HTTP/1.1\r\n\r\n", b"00000 " + b"a" * 74, b"-0001 " + b"a" * 74]
)
def test_a_stranger_at_the_port_is_ignored(words):
    addresses = local(2)

    def stranger():
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(words)
                return

    port = int(addresses[0].split(":")[1])
    with ThreadPoolExecutor(1) as threads:
        threads.submit(stranger)
        assert gathered(addresses, {0: "a" * 64, 1: "a" * 64}) == [None, None]


def test_one_that_is_started_again_before_all_are_there():
    addresses, alike = local(3), "a" * 64
    with ThreadPoolExecutor(1) as threads, closing(Meeting(0, addresses)) as first:
        waiting = threads.submit(first.gather, alike, 20)
        with closing(Meeting(1, addresses)) as ended, pytest.raises(DigitsError, match="worker 2"):
            ended.gather(alike, 1)
        with ThreadPoolExecutor(2) as others:
            again = [Meeting(n, addresses) for n in (1, 2)]
            for each in [others.submit(one.gather, alike, 20) for one in again]:
                each.result()
        waiting.result()
        for one in again:
            one.close()


@pytest.mark.slow
@pytest.mark.fault("several workers: a wait that is none")
@pytest.mark.parametrize("wait", ["abc", "nan", "-1"])
def test_a_wait_that_is_none(wait, folder):
    workers = Workers(folder, 2, wait=wait, start=[0])
    assert workers.end() == [1]
    assert workers.said(0) == f"error: --wait: expected a number of seconds, got {wait}\n"


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
    text = json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})
    monkeypatch.setenv("TF_CONFIG", text)
    assert named(3) == (rank, [*cluster.get("chief", []), *cluster["worker"]])


BAD = [
    "",
    "{",
    "[]",
    "{}",
    '{"cluster": 1, "task": 2}',
    config(["a:1", "b:1"], 2),
    config(["a:1", "b"], 0),
    config(["a:1", "b:0"], 0),
    config(["a:1", "b:99999"], 0),
    config([":1", "b:1"], 0),
    config([1, 2], 0),
    config(["a:1", "b:1", "c:1"], 0),
    config(["a:1", "a:1"], 0),
    config(["a:1"], 0),
    config(["a:1", "b:1"], float("inf")),
    config(["a:1", "b:1"], 0.7),
    config(["::1:1", "b:1"], 0),
    config(["http://a:1", "b:1"], 0),
    "[" * 100_000,
    json.dumps({"cluster": {"ps": ["a:1"], "worker": ["b:1"]}, "task": {"type": "ps", "index": 0}}),
]


@pytest.mark.parametrize("text", BAD)
@pytest.mark.fault("several workers: a TF_CONFIG that does not do")
def test_a_tf_config_that_does_not_do_is_told_in_one_line(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ParameterError, match=r"train\.workers in params\.yaml is 2: ") as told:
        named(2)
    assert "\n" not in str(told.value)


@pytest.mark.slow
def test_a_batch_is_divided_evenly_or_not_at_all(folder):
    workers = Workers(folder, 2, batch_size=33)
    assert workers.end() == [1, 1]
    for rank in (0, 1):
        assert one_line(workers.said(rank), "error: params.yaml: train.workers is 2: expected")
