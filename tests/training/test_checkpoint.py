"""A training that was stopped continues where it was, to the same bytes; another one never does."""

import os
import random
import re
import resource
import signal
import stat
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import yaml

from digits.backend import keras
from digits.data import blocks
from digits.data.loading import Examples
from digits.models import basic
from digits.training import checkpoint
from digits.training.checkpoint import Checkpoint
from digits.training.saving import save
from digits.training.train import train
from tests import pipeline
from tests.faults.ending import Running
from tests.training.test_train import MODELS, params

STAGE = "train_some"
SECTION = {
    "cmd": "python -m stages.train some",
    "deps": ["code", "info.json", "data"],
    "params": ["train.seed", "train_some", {"more.yaml": None}],
}
HISTORY = [{"loss": 0.5}, {"loss": 0.25}]


class Variable(np.ndarray):
    """In place of TensorFlow's."""

    def assign(self, values):
        self[:] = values

    def numpy(self):
        return np.asarray(self)


ZEROS = [np.zeros(1_000, np.float32).view(Variable)]


def falling(params, steps):
    rate = keras.optimizers.schedules.CosineDecay(params.learning_rate, steps * params.epochs)
    return keras.optimizers.Adam(rate)


def noise(images, random):
    return images + random.normal(0, 0.1, images.shape)


def write_project():
    """What a checkpoint reads of a project, in the current folder."""
    for folder in ("code", "data"):
        Path(folder).mkdir()
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {STAGE: SECTION}}))
    Path("params.yaml").write_text("train: {seed: 0, epochs: 6}\ntrain_some: {units: 16}\n")
    Path("code/model.py").write_text("one = 1\n")
    Path("more.yaml").touch()
    Path("info.json").touch()
    np.save("data/images.npy", np.zeros((9, 9)))


@pytest.fixture(autouse=True)
def _project(tmp_path, monkeypatch):
    """Save a checkpoint after every epoch, in a folder of this test's own."""
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    monkeypatch.chdir(tmp_path)
    write_project()


@pytest.fixture
def parts(examples):
    return tuple(Examples(*(a[part] for a in examples)) for part in (slice(100), slice(100, 150)))


def run(parts, stop=0, patience=None, build=basic.build, **options):
    """Train; return the bytes and what was seen. stop: when so many epochs, or all, are saved."""
    keras.utils.clear_session()
    seen = []

    def after_epoch(history):
        seen.append([dict(epoch) for epoch in history])
        if len(history) > stop > 0:
            raise InterruptedError

    def after_training(model, history):
        save(model, "model.keras")
        if stop:
            raise InterruptedError

    options |= {"after_epoch": after_epoch, "after_training": after_training, "stage": STAGE}
    with pytest.raises(InterruptedError) if stop else nullcontext():
        train(build, *parts, params(epochs=5, patience=patience), **options)
    return Path("model.keras").exists() and Path("model.keras").read_bytes(), seen


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", ["dropout", pytest.param("convolutional", marks=pytest.mark.slow)])
def test_it_continues_to_the_same_bytes(parts, name, capsys, monkeypatch):
    monkeypatch.setattr(blocks, "ROWS", 64)  # several of them
    monkeypatch.setattr(blocks, "CHUNK", 8)
    options = {"build": MODELS[name], "optimizer": falling, "augment": noise}
    wanted, epochs = run(parts, **options)
    run(parts, stop=2, **options)
    capsys.readouterr()
    found, seen = run(parts, **options)
    assert "resumed after epoch 2\n" in capsys.readouterr().out
    assert seen == epochs[1:]  # all the history, the validation split's too
    assert found == wanted
    assert not checkpoint.FOLDER.exists()


@pytest.mark.usefixtures("eager")
def test_what_was_best_and_how_long_ago_is_resumed(parts):
    """Killed after its best epoch, and after its last one."""
    wrong = parts[0], Examples(parts[1].images, (parts[1].labels + 1) % 10)
    wanted, epochs = run(wrong, patience=2)
    assert len(epochs) < 5
    for stop in (len(epochs) - 1, 99):
        run(wrong, stop, patience=2)
        found, seen = run(wrong, patience=2)
        assert (found, seen) == (wanted, epochs[-len(seen) :])
        assert len(seen) <= 2


def test_a_training_of_seconds_writes_none_and_others_one_for_their_owner(monkeypatch):
    some = Checkpoint(STAGE)
    monkeypatch.setattr(checkpoint, "EVERY", 60.0)
    some.save(HISTORY, ZEROS)
    assert not checkpoint.FOLDER.exists()
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    some.save(HISTORY, ZEROS)
    assert stat.S_IMODE(checkpoint.FOLDER.stat().st_mode) == 0o700
    some.path.with_name(f".{some.path.name}.77.tmp").touch()  # as a kill while writing leaves
    some.delete()
    assert not checkpoint.FOLDER.exists()


def edit(path, old, new):
    content = Path(path).read_bytes()
    assert old in content
    Path(path).write_bytes(content.replace(old, new, 1))


CHANGES = {
    "a line of code": lambda: edit("code/model.py", b"1", b"2"),
    "a further file": lambda: Path("code/further.py").touch(),
    "a parameter": lambda: edit("params.yaml", b"units: 16", b"units: 17"),
    "a parameter in another file": lambda: edit("more.yaml", b"", b"more: 1"),
    "the seed": lambda: edit("params.yaml", b"seed: 0", b"seed: 1"),
    "the data set's description": lambda: edit("info.json", b"", b"1"),
    "a pixel": lambda: edit("data/images.npy", b"\0\0\0\0", b"\0\0\0\1"),
    "the command": lambda: edit("dvc.yaml", b"some", b"some -v"),
    "a library": lambda: None,
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_training_does_not_continue_from_it(change, monkeypatch):
    Checkpoint(STAGE).save(HISTORY, ZEROS)
    CHANGES[change]()
    if change == "a library":
        monkeypatch.setattr(checkpoint, "version", lambda name: "0")
    assert Checkpoint(STAGE).load(ZEROS) == []


def test_what_decides_nothing_may_change():
    Checkpoint(STAGE).save(HISTORY, ZEROS)
    edit("params.yaml", b"epochs: 6", b"epochs: 7")  # the stage does not name it
    for name in ("code/model.pyc", "code/.model.py.swp", "other.py"):
        Path(name).touch()
    for name in ("code/model.py", "data/images.npy"):
        os.utime(name)
    assert Checkpoint(STAGE).load(ZEROS) == HISTORY


def test_a_damaged_checkpoint_is_ignored_in_one_line(capsys):
    """Cut short anywhere, longer, or with another bit anywhere."""
    Checkpoint(STAGE).save(HISTORY, ZEROS)
    path = Checkpoint(STAGE).path
    content = path.read_bytes()
    places = random.Random(0).sample(range(1, len(content)), 10)  # noqa: S311
    flipped = (content[:n] + bytes([content[n] ^ 1]) + content[n + 1 :] for n in places)
    for damaged in (content + b"\0", *(content[:n] for n in places), *flipped):
        path.write_bytes(damaged)
        assert Checkpoint(STAGE).load(ZEROS) == []
        stderr = capsys.readouterr().err
        assert (stderr.count("\n"), "is damaged" in stderr) == (1, True)


FAULTS = {
    "no dvc.yaml": lambda path: Path("dvc.yaml").unlink(),
    "no such stage": lambda path: edit("dvc.yaml", b"train_some", b"train_other"),
    "another form": lambda path: Path("dvc.yaml").write_text("stages: {train_some: 1}"),
    "a file in place of the folder": lambda path: checkpoint.FOLDER.touch(),
    "a folder in place of the file": lambda path: path.mkdir(parents=True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_where_none_can_be_saved_the_training_goes_on_and_says_so_once(fault, capsys):
    FAULTS[fault](Checkpoint(STAGE).path)
    some = Checkpoint(STAGE)
    assert some.load(ZEROS) == []
    for _ in "12":
        some.save(HISTORY, ZEROS)
    some.delete()
    stderr = capsys.readouterr().err
    assert (stderr.count("\n"), "no checkpoint" in stderr) == (1, True)


def test_with_a_full_disk_it_goes_on_and_leaves_nothing(capsys):
    """A limit for files' sizes, within what is written and at its end."""
    some = Checkpoint(STAGE)
    some.save(HISTORY, ZEROS)
    whole, limits = some.path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in (10, len(whole) - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            Checkpoint(STAGE).save(HISTORY, ZEROS)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert os.strerror(27) in capsys.readouterr().err
        assert [path.read_bytes() for path in checkpoint.FOLDER.iterdir()] == [whole]


def test_two_trainings_in_one_folder_do_not_disturb_each_other(capsys):
    """Of the same stage, one of which ends; and of one whose name ends as that of the other."""
    one, longer = Checkpoint(STAGE), checkpoint.FOLDER / f"train_{STAGE}-1"
    one.save(HISTORY, ZEROS)
    longer.touch()
    one.delete()
    assert list(checkpoint.FOLDER.iterdir()) == [longer]
    one.save(HISTORY, ZEROS)
    assert Checkpoint(STAGE).load(ZEROS) == HISTORY
    assert capsys.readouterr().err == ""


KILLED = """
import os, random, signal, time
import numpy as np
from digits.training import checkpoint
from tests.training.test_checkpoint import Variable

def save_without_end(pipe):
    values = [np.zeros(100_000, np.float32).view(Variable) for _ in range(10)]
    state = checkpoint.Checkpoint("train_some")
    history = state.load(values)
    assert all((value == len(history)).all() for value in values)
    os.write(pipe, b"%d " % len(history))
    while True:
        for value in values:
            value += 1
        history.append({"loss": 0.5})
        state.save(history, values)

checkpoint.EVERY, chance, (reads, writes) = 0.0, random.Random(0), os.pipe()
for _ in range(20):
    if not (child := os.fork()):
        save_without_end(writes)
    found = os.read(reads, 99)
    time.sleep(chance.uniform(0, 0.1))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    print(int(found), flush=True)
"""


@pytest.mark.slow
def test_twenty_kills_at_random_moments_leave_a_whole_checkpoint():
    """Of a program that changes all variables, and saves them, as fast as it can."""
    output = subprocess.run(
        [sys.executable, "-c", KILLED],
        env=pipeline.ENVIRONMENT | {"PYTHONPATH": str(pipeline.ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    epochs = [int(line) for line in output.splitlines() if line.isdecimal()]
    assert epochs == sorted(epochs)
    assert epochs[-1] > 20


@pytest.mark.slow
def test_dvc_repro_after_a_kill(project):
    """All processes are killed; the CSV, which DVC removes, is whole again."""
    project.edit("digits/training/checkpoint.py", "EVERY = 60.0", "EVERY = 0.0")
    project.set("train.epochs", 150)
    project.run("dvc", "repro", "--quiet", "train_hidden")
    wanted = project.hashes()
    again = ["dvc", "repro", "--force", "--single-item", "train_hidden"]
    running = Running(project, *again)
    running.until("hidden: epoch 50/")
    os.killpg(running.process.pid, signal.SIGKILL)
    assert running.end() == -signal.SIGKILL
    project.run("python", "-m", "digits", "setup")
    assert re.search(r"resumed after epoch (49|[5-9]\d)\n", project.run(*again))
    assert project.hashes() == wanted
    assert not project.path(checkpoint.FOLDER).exists()
