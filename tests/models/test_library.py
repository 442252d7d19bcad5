"""Training as a library: any arrays, any model, numbers after each epoch."""

import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

from digits.data.stored import Examples
from digits.models import basic, inference
from digits.models.backend import keras
from digits.models.saving import save
from digits.models.training import train
from digits.params.train import Train

layers = keras.layers
RECIPE = Train(seed=0, epochs=2, batch_size=32, learning_rate=0.01)
NONE = Examples(np.zeros((0, 784), np.float32), np.zeros(0, np.uint8))


def weights(model):
    return np.concatenate([weight.numpy().ravel() for weight in model.trainable_variables])


def build(*body):
    """A builder of a model of these layers, each (class, arguments, options)."""

    def made(pixels, classes):
        kinds = [kind(*arguments, **options) for kind, arguments, options in body]
        return keras.Sequential([keras.Input((pixels,)), *kinds])

    return made


def layer(kind, *arguments, **options):
    return kind, arguments, options


PARTS = {
    "slice": lambda array: array[100:200],
    "slice of a slice": lambda array: array[50:][60:160],
    "stride": lambda array: array[::3],
    "fancy": lambda array: array[np.arange(299, 99, -2)],
    "Fortran": lambda array: np.asfortranarray(array),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_parts_of_a_file_train_as_copies_of_them_do(part, examples):
    """A slice of a memory-mapped file once read the first rows of the whole: `array.offset`."""
    some = Examples(*map(part, examples))
    copies = Examples(*(np.array(array, order="C") for array in some))
    (one, first), (other, second) = (train(basic.build, e, NONE, RECIPE) for e in (some, copies))
    np.testing.assert_array_equal(weights(one), weights(other))
    assert first == second


def test_arrays_of_other_types_are_taken(examples):
    wide = Examples(examples.images.astype(np.float64), examples.labels.astype(np.int64))
    one, other = (train(basic.build, e, NONE, RECIPE)[0] for e in (wide, examples))
    np.testing.assert_allclose(weights(one), weights(other), atol=1e-6)


def test_numbers_come_after_each_epoch_and_true_ends_the_training(examples):
    seen = []

    def after_epoch(so_far):
        seen.append([dict(epoch) for epoch in so_far])
        return len(so_far) == 2

    recipe = RECIPE.model_copy(update={"epochs": 9})
    _, epochs = train(basic.build, examples, NONE, recipe, after_epoch=after_epoch)
    assert [len(so_far) for so_far in seen] == [1, 2]
    assert epochs == seen[-1]
    assert all(isinstance(value, float) for epoch in epochs for value in epoch.values())


LASTS = {name: layer(layers.Dense, 10, activation=name) for name in ("sigmoid", "softmax", None)}
BODIES = {
    **{f"last {name}": [last] for name, last in LASTS.items()},
    "normalized, dropped out": [
        layer(layers.Dense, 32, activation="relu"),
        layer(layers.BatchNormalization),
        layer(layers.Dropout, 0.2),
        LASTS["sigmoid"],
    ],
    "convolutional": [
        layer(layers.Reshape, (28, 28, 1)),
        layer(layers.Conv2D, 4, 5, strides=3, activation="relu"),
        layer(layers.Flatten),
        LASTS["softmax"],
    ],
    "recurrent": [layer(layers.Reshape, (28, 28)), layer(layers.LSTM, 16), LASTS[None]],
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_any_model_learns_is_saved_as_the_same_bytes_and_answers(body, examples, tmp_path):
    recipe = RECIPE.model_copy(update={"epochs": 8})
    for name in ("one", "again"):
        keras.utils.clear_session()  # or the layers get other names than in a new process
        model, _ = train(build(*body), examples, NONE, recipe)
        save(model, f"{tmp_path}/{name}.keras")
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "again.keras").read_bytes()
    logits = inference.load(f"{tmp_path}/one.keras").logits(examples.images)
    assert np.mean(logits.argmax(axis=1) == examples.labels) > 0.8
    answers = keras.models.load_model(tmp_path / "one.keras").predict(examples.images, verbose=0)
    np.testing.assert_array_equal(logits.argmax(axis=1), answers.argmax(axis=1))


def slower(recipe, steps):
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps * recipe.epochs)
    return keras.optimizers.SGD(rate)


def mirrored(images, random):
    some = random.random(len(images)) < 0.5
    return np.where(some[:, None], images[:, ::-1], images)


def test_a_model_may_bring_its_own_optimizer_with_a_schedule(examples):
    model, _ = train(basic.build, examples, NONE, RECIPE, optimizer=slower)
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)


def test_a_block_may_be_changed_anew_in_each_epoch_and_the_seed_decides_how(examples):
    seen = []

    def augment(images, random):
        seen.append(mirrored(images, random))
        return seen[-1]

    run = partial(train, basic.build, examples, NONE, augment=augment)
    one, again = (weights(run(RECIPE)[0]) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert (seen[0] != seen[1]).any()
    assert (weights(train(basic.build, examples, NONE, RECIPE)[0]) != one).any()


ENDLESS = """
import numpy as np
from digits.data.stored import Examples
from digits.models import basic, history
from digits.models.training import train
from digits.params.train import Train
some = Examples(np.random.default_rng(0).random((64, 784), np.float32), np.arange(64) % 10)
none = Examples(some.images[:0], some.labels[:0])
recipe = Train(seed=0, epochs=10_000, batch_size=32, learning_rate=0.01)
train(basic.build, some, none, recipe, after_epoch=history.keep("history/basic.csv", 10_000))
"""


def test_a_killed_training_leaves_the_epochs_that_were_done(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    lines = [process.stdout.readline() for _ in range(3)]  # printed once they are written
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [line.split(",")[0] for line in lines] == [f"basic: epoch {n}/10000" for n in (1, 2, 3)]
    table = pd.read_csv(tmp_path / "history/basic.csv")
    assert table["epoch"].tolist() == list(range(1, len(table) + 1))
    assert len(table) >= 3
    assert list(table) == ["epoch", "loss", "accuracy"]
