"""One training on several workers: real processes on loopback, or on two hosts of a kernel."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from digits.backend import keras
from digits.files.arrays import write_array
from digits.models import hidden
from digits.params.train import TrainParams
from digits.training import checkpoint
from tests import pipeline
from tests.faults.ending import heed
from tests.servers import free_ports, two_hosts
from tests.training.test_checkpoint import write_project

DRIVER = """
import json, os
from functools import partial
import numpy as np
from digits.data.loading import Examples
from digits.files.atomic import write_json
from digits.models import hidden
from digits.params.train import TrainParams
from digits.process import run
from digits.training import checkpoint
from digits.training.saving import save
from digits.training.train import train
from digits.workers.meeting import meet
from tests.training.test_checkpoint import noise
from tests.training.test_train import MODELS

made = []
settings = json.loads(os.environ["SETTINGS"])

def build(pixels, classes):
    builders = MODELS | {"hidden": partial(hidden.build, units=16)}
    made.append(builders[settings["model"]](pixels, classes))
    return made[0]

def after_epoch(history):
    print("epoch", len(history), flush=True)
    if settings["hangs"] == len(history):
        open("pipe")  # as a disk that does not answer: nobody writes to this pipe

def write(model, history):
    save(model, "model.keras")
    write_json("history.json", history)

def main():
    params = TrainParams(**settings["params"])
    meet(params)
    count = settings["examples"]
    arrays = [np.load(f"data/{name}.npy", mmap_mode="r") for name in ("images", "labels")]
    training, validation = (
        Examples(*(a[part] for a in arrays)) for part in (slice(count), slice(count, None))
    )
    checkpoint.EVERY = 0.0
    try:
        train(
            build, training, validation, params, classes=10, stage="train_some",
            augment=noise if settings["augment"] else None,
            after_epoch=after_epoch, after_training=write,
        )
    finally:
        if made:
            rank = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
            weights = [w.numpy().ravel() for w in made[0].variables]
            np.save(f"weights{rank}.npy", np.concatenate(weights))

run(main)
"""
PARAMS = {"seed": 0, "epochs": 2, "batch_size": 66, "learning_rate": 0.01, "device": "cpu"}
PARAMS |= {"patience": None}


class Workers:
    """The processes of a training, each with its output."""

    def __init__(self, folder, size, *, hosts=None, wait=60, ranks=None, like=None, **options):
        """Start the `ranks`, by default all; like: another one, whose addresses they have."""
        names = [host.address for host in hosts] if hosts else ["127.0.0.1"] * size
        ports = free_ports(size)
        self.addresses = [f"{name}:{port}" for name, port in zip(names, ports, strict=True)]
        if like:
            self.addresses = like.addresses
        settings = {"examples": 300, "model": "hidden", "augment": False, "hangs": 0} | options
        settings["params"] = PARAMS | {"workers": size} | options
        settings["params"] = {key: settings["params"][key] for key in TrainParams.model_fields}
        self.folder, self.processes = folder, {}
        for rank in range(size) if ranks is None else ranks:
            task = {"type": "worker", "index": rank}
            tf_config = json.dumps({"cluster": {"worker": self.addresses}, "task": task})
            environment = {"TF_CONFIG": tf_config, "SETTINGS": json.dumps(settings)}
            with (folder / f"err{rank}").open("w") as err:
                command = [sys.executable, "-c", DRIVER, "--wait", str(wait)]
                self.processes[rank] = subprocess.Popen(
                    hosts[rank].within(*command) if hosts else command,
                    cwd=folder,
                    env=pipeline.ENVIRONMENT | environment | {"PYTHONPATH": str(pipeline.ROOT)},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=err,
                    text=True,
                    preexec_fn=heed,
                )

    def until(self, text):
        """Read the first worker's output until a line holds `text`."""
        for line in self.processes[0].stdout:
            if text in line:
                return
        raise AssertionError((self.end(), [self.stderr(rank) for rank in self.processes]))

    def stderr(self, rank):
        """What a worker said, without the progress of an epoch that takes long."""
        lines = (self.folder / f"err{rank}").read_text().splitlines(keepends=True)
        return "".join(line for line in lines if line.strip() and " examples/s" not in line)

    def fails_naming(self, rank, begin):
        """Whether a worker's one line on stderr begins so."""
        stderr = self.stderr(rank)
        return stderr.startswith(f"error: {begin}") and stderr.count("\n") == 1

    def end(self, timeout=120):
        """Wait for all; return the exit codes in the order of the ranks."""
        try:
            return [self.processes[rank].wait(timeout) for rank in sorted(self.processes)]
        finally:
            for process in self.processes.values():
                process.kill()
                process.wait()
                process.stdout.close()

    def succeed(self):
        codes = self.end()
        stderr = [self.stderr(rank) for rank in sorted(self.processes)]
        assert (codes, stderr) == ([0] * len(codes), [""] * len(codes))
        return (self.folder / "model.keras").read_bytes()


@pytest.fixture
def folder(examples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_project()
    write_array("data/images.npy", np.array(examples.images))
    write_array("data/labels.npy", np.array(examples.labels))
    return tmp_path


def weights(folder, size):
    """The weights of the first worker, which all have."""
    first, *others = (np.load(folder / f"weights{rank}.npy") for rank in range(size))
    for other in others:
        np.testing.assert_array_equal(first, other)
    return first


def batches(count, size, batch_size):
    """Which examples make each step of two epochs, by what the documents say of it."""
    shuffles = [np.random.default_rng(rank << 32) for rank in range(size)]
    share = count // size
    for _ in range(2):
        orders = [shuffle.permutation(share) + n * share for n, shuffle in enumerate(shuffles)]
        for start in range(0, share, batch_size // size):
            part = slice(start, start + batch_size // size)
            yield np.concatenate([order[part] for order in orders])


@pytest.mark.parametrize(
    ("size", "count", "batch_size"),
    [
        (2, 251, 66),  # one example is left
        pytest.param(3, 296, 33, marks=pytest.mark.slow),
        pytest.param(2, 255, 256, marks=pytest.mark.slow),  # less than a batch
    ],
)
def test_the_same_as_train_on_batch(size, count, batch_size, folder, examples):
    Workers(folder, size, examples=count, batch_size=batch_size).succeed()
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    plain = hidden.build(784, 10, 16)
    plain.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    losses, sizes = [], []
    for batch in batches(count, size, batch_size):
        losses.append(float(plain.train_on_batch(*(array[batch] for array in examples))))
        sizes.append(len(batch))
    wanted = np.concatenate([weight.numpy().ravel() for weight in plain.variables])
    np.testing.assert_allclose(weights(folder, size), wanted, atol=1e-4)
    means = json.loads((folder / "history.json").read_text())[-1]
    half = len(sizes) // 2
    assert sum(sizes[half:]) == count - count % size
    mean = np.average(losses[half:], weights=sizes[half:])
    assert means["loss"] == pytest.approx(mean, abs=1e-4)
    left = range(count, 300 - (300 - count) % size)
    measured = plain.evaluate(*(array[left] for array in examples), verbose=0)
    assert means["val_loss"] == pytest.approx(measured, abs=1e-4)


KILLED = [
    {"model": "convolutional", "epochs": 40},
    {"model": "dropout", "epochs": 60, "examples": 67, "augment": True, "patience": 50},
]


@pytest.mark.slow
@pytest.mark.parametrize("options", KILLED)
def test_a_worker_is_killed_and_all_resume_to_the_same_bytes(options, folder):
    random = np.random.default_rng(0)
    wanted = Workers(folder, 2, **options).succeed()
    for victim in (1, 0):
        workers = Workers(folder, 2, **options)
        begun = int(workers.processes[0].stdout.readline().split()[-1])
        workers.until(f"epoch {begun + random.integers(1, 5)}\n")
        workers.processes[victim].kill()
        codes = workers.end(timeout=15)
        assert (codes[victim], codes[1 - victim]) == (-signal.SIGKILL, 1)
        said = f"worker {victim} ({workers.addresses[victim]})"
        assert workers.fails_naming(1 - victim, said), workers.stderr(1 - victim)
    workers = Workers(folder, 2, **options)
    assert "resumed after epoch" in workers.processes[0].stdout.readline()
    assert workers.succeed() == wanted
    weights(folder, 2)
    assert not (folder / checkpoint.FOLDER).exists()


@pytest.mark.slow
@pytest.mark.parametrize("change", ["data/images.npy", "code/model.py"])
def test_other_data_or_code_on_one_of_them(change, folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(folder, other, dirs_exist_ok=True)
    content = (other / change).read_bytes()
    (other / change).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    first = Workers(folder, 2, ranks=[0])
    second = Workers(other, 2, ranks=[1], like=first)
    assert first.end() + second.end() == [1, 1]
    for workers, rank in ((first, 0), (second, 1)):
        assert workers.fails_naming(rank, f"worker {1 - rank} ")
        assert workers.stderr(rank).endswith(f"got other {change}\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hangs", "said"),
    [(0, "model.keras cannot be written"), (2, "this worker has done nothing for 10 s")],
)
def test_the_others_fail_where_the_first_cannot_write_or_its_disk_does_not_answer(
    hangs, said, folder
):
    (folder / "model.keras").mkdir()
    os.mkfifo(folder / "pipe")
    workers = Workers(folder, 2, hangs=hangs)
    assert workers.end() == [1, 1]
    assert workers.fails_naming(0, said)
    assert workers.fails_naming(1, "worker 0 ")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rank"), [("SIGTERM", 1), ("SIGINT", 0), ("SIGSTOP", 0)])
def test_a_signal_to_one_ends_the_others(name, rank, folder):
    workers = Workers(folder, 2, epochs=10_000)
    workers.until("epoch 2\n")
    stopped, other = workers.processes[rank], workers.processes[1 - rank]
    stopped.send_signal(getattr(signal, name))
    assert other.wait(15) == 1
    assert workers.fails_naming(1 - rank, f"worker {rank} ")
    stopped.send_signal(signal.SIGCONT)
    assert stopped.wait(15) == (1 if name == "SIGSTOP" else 128 + getattr(signal, name))
    said = f"worker {1 - rank} " if name == "SIGSTOP" else f"stopped by {name}\n"
    assert workers.fails_naming(rank, said)
    workers.end()


@pytest.mark.slow
def test_one_that_waits_for_a_frozen_one_heeds_a_signal(folder):
    workers = Workers(folder, 2, epochs=10_000)
    workers.until("epoch 2\n")
    workers.processes[1].send_signal(signal.SIGSTOP)
    workers.processes[0].send_signal(signal.SIGTERM)
    assert workers.processes[0].wait(15) == 128 + signal.SIGTERM
    assert workers.fails_naming(0, "stopped by SIGTERM\n")
    workers.processes[1].kill()
    workers.end()


@pytest.mark.slow
def test_two_hosts_a_cable_that_is_pulled_and_a_firewall(folder):
    with two_hosts() as hosts:
        Workers(folder, 2, hosts=hosts).succeed()
        weights(folder, 2)
        workers = Workers(folder, 2, hosts=hosts, epochs=10_000)
        workers.until("epoch 2\n")
        hosts[0].ip("link", "set", "cable", "down")
        assert workers.end(timeout=15) == [1, 1]
        assert all(workers.fails_naming(rank, f"worker {1 - rank} ") for rank in (0, 1))
        hosts[0].ip("link", "set", "cable", "up")
        hosts[0].ip("route", "replace", "blackhole", f"{hosts[1].address}/32")  # no answer
        workers = Workers(folder, 2, hosts=hosts, wait=3)
        assert workers.end() == [1, 1]
        for rank in (0, 1):
            assert workers.fails_naming(rank, "no ")
            assert workers.addresses[1 - rank] in workers.stderr(rank)
