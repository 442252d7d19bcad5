"""A training that was stopped goes on where it was, to the same bytes; another one never does."""

import importlib
import os
import random
import re
import signal
import stat
import subprocess
import sys
from functools import partial
from time import time

import numpy as np
import pytest

from digits.backend import keras
from digits.data import blocks
from digits.data.loading import Examples
from digits.models import augmented, basic, hidden, resuming
from digits.params.train import TrainParams
from digits.training.augmentation import augment
from digits.training.checkpoint import State
from digits.training.saving import save
from digits.training.train import train
from tests import pipeline
from tests.faults.test_stopping import Running
from tests.faults.test_writing import mounted, mounts

RECIPE = TrainParams(seed=0, epochs=6, batch_size=32, learning_rate=0.01, workers=1, device="cpu")
MOST = augmented.Params.model_validate(
    pipeline.FORM.load(pipeline.ROOT / "params.yaml")["train_augmented"]
)


def dropping(pixels, classes):
    """Whose layers draw random numbers and keep means, too."""
    return keras.Sequential(
        [
            keras.Input((pixels,)),
            keras.layers.Dense(16, activation="relu", name="first"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dropout(0.3, name="drop"),
            keras.layers.Dense(classes, name="last"),
        ],
        name="dropping",
    )


KINDS = {
    "hidden": {"build": partial(hidden.build, units=16)},
    "dropping": {"build": dropping},
    "augmented": {
        "build": partial(augmented.build, units=[16]),
        "optimizer": augmented.cosine,
        "augment": partial(augment, size=(28, 28), most=MOST),
    },
}


class StoppedError(Exception):
    """In place of a kill."""


@pytest.fixture(autouse=True)
def _often(tmp_path, monkeypatch):
    """Keep every epoch, in a folder of this test's own."""
    monkeypatch.setattr(resuming, "EVERY", 0.0)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def parts(examples):
    return tuple(Examples(*(a[part] for a in examples)) for part in (slice(200), slice(200, 300)))


def run(parts, stop=None, recipe=RECIPE, name="some", build=basic.build, **options):
    """Train, to the end or until `stop` epochs are kept; return the bytes and what was seen."""
    keras.utils.clear_session()
    seen, state = [], State(name)

    def after_epoch(history):
        seen.append([dict(epoch) for epoch in history])
        if stop is not None and len(history) > stop:
            raise StoppedError

    training = partial(train, build, *parts, recipe, after_epoch=after_epoch, state=state)
    if stop is not None:
        with pytest.raises(StoppedError):
            training(**options)
        return None, seen
    model, history = training(**options)
    assert seen[-1] == history
    save(model, "model.keras")
    state.forget()
    with open("model.keras", "rb") as file:  # noqa: PTH123 (the folder is this test's)
        return file.read(), seen


class Begun(State):
    """Tells how many epochs are kept of a training, which then does not begin."""

    def begin(self, *arguments):
        raise StoppedError(len(super().begin(*arguments)))


def begun(parts, recipe=RECIPE, name="some", build=basic.build, **options):
    with pytest.raises(StoppedError) as kept:
        train(build, *parts, recipe, state=Begun(name), **options)
    return kept.value.args[0]


@pytest.mark.parametrize(
    "kind",
    [
        "dropping",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS if kind != "dropping"),
    ],
)
def test_it_goes_on_to_the_same_bytes(parts, kind, capsys):
    wanted, epochs = run(parts, **KINDS[kind])
    run(parts, stop=2, **KINDS[kind])
    capsys.readouterr()
    found, seen = run(parts, **KINDS[kind])
    assert "resumed after epoch 2\n" in capsys.readouterr().out
    assert seen == epochs[1:]  # all the history, held-out examples too
    assert found == wanted


@pytest.mark.parametrize("rows", [64, 300])
def test_the_order_of_examples_goes_on_where_it_was(examples, rows, monkeypatch):
    """In several blocks, or in one."""
    monkeypatch.setattr(blocks, "ROWS", rows)
    monkeypatch.setattr(blocks, "CHUNK", 8)
    whole, rest = (blocks.shuffled(examples, 32, seed=1, epochs=5, done=done) for done in (0, 2))
    for one, other in zip(list(map(list, whole))[2:], map(list, rest), strict=True):
        for block, again in zip(one, other, strict=True):
            for array, same in zip(block, again, strict=True):
                np.testing.assert_array_equal(array, same)


def test_one_that_had_ended_before_its_model_was_written_does_no_epoch_again(parts):
    wanted, epochs = run(parts)
    train(basic.build, *parts, RECIPE, state=State("some"))
    found, seen = run(parts)
    assert (found, seen) == (wanted, epochs[-1:])


def test_numbers_that_ended_it_end_it_again(parts):
    def ends(history):
        return len(history) == 3

    def train_it():
        return train(basic.build, *parts, RECIPE, state=State("some"), after_epoch=ends)[1]

    assert train_it() == train_it()


def test_the_state_is_its_users_alone_and_goes_at_the_end(parts, tmp_path):
    run(parts, stop=2)
    folder = tmp_path / resuming.FOLDER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(list(folder.iterdir())) == 1
    (folder / f".{next(folder.iterdir()).name}.77.tmp").touch()  # as a kill while writing leaves
    run(parts)
    assert not folder.exists()


def test_git_and_dvc_ignore_it():
    ignored = subprocess.run(
        ["git", "check-ignore", f"{resuming.FOLDER}/some"], cwd=pipeline.ROOT, capture_output=True
    )
    assert ignored.returncode == 0
    assert str(resuming.FOLDER) in (pipeline.ROOT / ".dvcignore").read_text().splitlines()
    assert f" {resuming.FOLDER} " in (pipeline.ROOT / "Makefile").read_text()


def test_a_training_of_seconds_writes_none(parts, monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    run(parts, stop=4)
    assert not (tmp_path / resuming.FOLDER).exists()


CHANGES = {
    "the name": {"name": "other"},
    "the seed": {"recipe": RECIPE.model_copy(update={"seed": 1})},
    "the epochs": {"recipe": RECIPE.model_copy(update={"epochs": 7})},
    "a parameter": {"build": partial(hidden.build, units=15)},
    "the optimizer": {"optimizer": augmented.cosine},
    "the classes": {"classes": 11},
    "the augmentation": {"augment": KINDS["augmented"]["augment"]},
    "what a function holds": {"build": (lambda units: lambda *a: hidden.build(*a, units))(16)},
}


def test_another_training_does_not_go_on_from_it(parts):
    run(parts, stop=1, **KINDS["hidden"])
    for change, options in CHANGES.items():
        assert begun(parts, **{**KINDS["hidden"], **options}) == 0, change
    assert begun(parts, **KINDS["hidden"]) == 1


def test_one_other_value_in_the_data_is_another_training(parts):
    run(parts, stop=1)
    for place in range(4):
        copies = [np.array(array) for array in (*parts[0], *parts[1])]
        both = Examples(*copies[:2]), Examples(*copies[2:])
        assert begun(both) == 1
        copies[place].flat[-1] += 1
        assert begun(both) == 0


def test_data_that_change_while_they_are_trained_on_are_not_taken_for_those(parts, tmp_path):
    """Between the training's beginning and its first state, for which they are read again."""
    np.save("x.npy", parts[0].images)
    mapped = Examples(np.load("x.npy", mmap_mode="r", allow_pickle=False), parts[0].labels)
    mapped = mapped, parts[1]
    run(mapped, stop=1)
    assert begun(mapped) == 1
    train(
        basic.build, *mapped, RECIPE, state=State("some"), after_epoch=lambda _: os.utime("x.npy")
    )
    assert begun(mapped) == 1


BUILDER = """
from digits.models import hidden
def build(pixels, classes):
    return hidden.build(pixels, classes, 16)
"""


def test_an_edited_builder_is_another_training(parts, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "edited_builder.py").write_text(BUILDER)
    module = importlib.import_module("edited_builder")
    run(parts, stop=1, build=module.build)
    assert begun(parts, build=module.build) == 1
    (tmp_path / "edited_builder.py").write_text(BUILDER.replace("16", "2 * 8"))
    importlib.reload(module)
    assert begun(parts, build=module.build) == 0


def test_a_function_of_no_file_is_never_taken_for_another(parts):
    """As in a notebook: whether it was edited cannot be seen."""
    one, other = (eval("lambda *a: hidden.build(*a, 16)", {"hidden": hidden}) for _ in "12")  # noqa: S307
    run(parts, stop=1, build=one)
    assert begun(parts, build=other) == 0


def damaged(content):
    """Cut short anywhere, longer, or with another bit anywhere."""
    yield b""
    yield content + b"\0"
    for place in random.Random(0).sample(range(len(content)), 10):  # noqa: S311
        yield content[:place]
        yield content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.fault("kept trainings: a damaged one", tried=22)
def test_a_damaged_state_is_ignored_in_one_line(parts, tmp_path, capsys):
    run(parts, stop=2)
    (path,) = (tmp_path / resuming.FOLDER).iterdir()
    content = path.read_bytes()
    capsys.readouterr()
    for bad in damaged(content):
        path.write_bytes(bad)
        assert begun(parts) == 0
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "is damaged" in said
    path.write_bytes(content)
    assert begun(parts) == 2


def test_states_are_removed_after_a_month(parts, tmp_path):
    folder = tmp_path / resuming.FOLDER
    folder.mkdir()
    for name, days in (("old", 31), ("young", 29)):
        (folder / name).touch()
        os.utime(folder / name, (0, time() - days * 24 * 60 * 60))
    assert begun(parts) == 0
    assert [path.name for path in folder.iterdir()] == ["young"]


DRIVER = """
import os, signal, sys
import numpy as np
from digits.data.loading import Examples
from digits.models import resuming
from digits.training.saving import save
from digits.training.train import train

folder = os.getcwd()
os.chdir(os.environ["PYTHONPATH"])
from tests.training.test_checkpoint import KINDS, RECIPE

os.chdir(folder)
resuming.EVERY, calls = 0.0, 0

def count(frame, event, argument):
    global calls
    calls += event == "call"
    if event == "call" and calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

random = np.random.default_rng(0)
some = Examples(random.random((300, 784), np.float32), np.arange(300, dtype=np.uint8) % 10)
state = resuming.State("some")
recipe = RECIPE.model_copy(update={"epochs": 40})

def after_epoch(history):
    sys.setprofile(count)

model, _ = train(
    training=some, validation=Examples(*(a[:50] for a in some)), recipe=recipe, state=state,
    after_epoch=after_epoch, **KINDS[sys.argv[1]],
)
save(model, "model.keras")
state.forget()
sys.setprofile(None)
print("calls", calls)
"""


@pytest.fixture
def driver(tmp_path):
    (tmp_path / "driver.py").write_text(DRIVER)

    def drive(kind, kill_at, *wrapper):
        """Train in a process of its own, which ends itself at that call of a function, if any."""
        return subprocess.run(
            [*wrapper, sys.executable, "driver.py", kind, str(kill_at)],
            env=pipeline.ENVIRONMENT | {"PYTHONPATH": str(pipeline.ROOT)},
            capture_output=True,
            text=True,
        )

    return drive


@pytest.mark.slow
@pytest.mark.fault("kept trainings: kill -9 at any moment", tried=7)
@pytest.mark.parametrize("kind", KINDS)
def test_kill_at_random_moments(driver, kind, tmp_path):
    """Seven times each, in the middle of all that Python does, of writing the state too."""
    done = driver(kind, 0)
    assert done.returncode == 0, done.stderr
    wanted = (tmp_path / "model.keras").read_bytes()
    calls = int(re.search(r"calls (\d+)", done.stdout)[1])
    draw, resumed = random.Random(kind), 0  # noqa: S311
    for _ in range(7):
        done = driver(kind, draw.randrange(1, calls // 4))
        assert done.returncode in (-signal.SIGKILL, 0), done.stderr
        resumed += "resumed after epoch" in done.stdout
    assert resumed > 3
    (tmp_path / "model.keras").unlink(missing_ok=True)
    assert driver(kind, 0).returncode == 0
    assert (tmp_path / "model.keras").read_bytes() == wanted
    assert not (tmp_path / resuming.FOLDER).exists()


@pytest.mark.slow
@mounts
@pytest.mark.fault("kept trainings: a full disk")
def test_with_a_full_disk_it_goes_on_and_says_so(driver, tmp_path):
    folder = resuming.FOLDER
    full = f"mkdir {folder} && mount -t tmpfs -o size=4k tmpfs {folder} && echo > {folder}/fill"
    done = driver("hidden", 0, *mounted(full))
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    assert "No space left on device" in lines[0]


@pytest.mark.slow
@pytest.mark.fault("kept trainings: kill -9 in a dvc repro", tried=2)
def test_dvc_repro_after_a_kill(project):
    """All processes are killed, twice; the CSV, which DVC removes, is whole again."""
    project.edit("digits/training/checkpoint.py", "EVERY = 60.0", "EVERY = 0.0")
    project.set("train.epochs", 300)
    project.run("dvc", "repro", "--quiet", "train_hidden")
    wanted = project.hashes()
    assert not project.path(".training").exists()
    for epoch in (20, 150):
        running = Running(project, "dvc", "repro", "--force", "--single-item", "train_hidden")
        running.until(f"hidden: epoch {epoch}/")
        os.killpg(running.process.pid, signal.SIGKILL)
        running.end()
    assert re.search(r"resumed after epoch (19|2\d|3\d)\n", running.output)
    project.run("python", "-m", "digits", "setup")
    said = project.run("dvc", "repro", "--force", "--single-item", "train_hidden")
    assert re.search(r"resumed after epoch 1[45]\d\n", said)
    assert project.hashes() == wanted
    assert not project.path(".training").exists()
