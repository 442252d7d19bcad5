"""The compiled epoch against plain Keras steps on the same batches in the same order."""

from functools import partial
from itertools import islice

import numpy as np
import pytest

from digits.backend import keras, tf
from digits.data import blocks
from digits.data.loading import Examples
from digits.models import basic, hidden
from digits.params.train import TrainParams
from digits.training.saving import save
from digits.training.train import augmented, compile_loop, tensors, train

BUILDS = {"basic": basic.build, "hidden": partial(hidden.build, units=100)}


def recipe(**changes):
    return TrainParams(
        **{
            "seed": 0,
            "epochs": 4,
            "batch_size": 32,
            "learning_rate": 0.001,
            "workers": 1,
            "device": "cpu",
            **changes,
        }
    )


def weights(model):
    return np.concatenate([weight.numpy().ravel() for weight in model.trainable_variables])


def orders(settings):
    """Yield the order of the 300 examples in each epoch, from what is documented about it."""
    deal = np.random.default_rng([settings.seed, 1])
    shuffle = np.random.default_rng(settings.seed)
    while True:
        order = []
        for rows in blocks.shuffle_chunks(300, blocks.rows_per_block(settings.batch_size), deal):
            order += rows[shuffle.permutation(len(rows))].tolist()
        yield order


def nothing(examples):
    return Examples(examples.images[:0], examples.labels[:0])


@pytest.fixture
def split(examples):
    """250 examples to train on and 50 to validate with: parts of one file."""
    return Examples(*(array[:250] for array in examples)), Examples(
        *(array[250:] for array in examples)
    )


@pytest.mark.parametrize(
    ("name", "batch_size", "block"),
    [
        ("basic", 30, 300),
        ("basic", 301, 300),
        ("basic", 32, 64),
        ("basic", 30, 100),
        ("hidden", 32, 300),
        ("hidden", 7, 299),
    ],
)
def test_the_same_as_train_on_batch(name, batch_size, block, examples, monkeypatch):
    """In memory: a ragged last batch, none, less than one batch. Streamed: in 5, 4 and 2 blocks."""
    monkeypatch.setattr(blocks, "ROWS", block)
    monkeypatch.setattr(blocks, "CHUNK", 8)
    settings = recipe(batch_size=batch_size, epochs=2)
    fast, history = train(BUILDS[name], examples, nothing(examples), settings)

    keras.utils.set_random_seed(settings.seed)
    plain = BUILDS[name](784, 10)
    plain.compile(
        keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    for epoch, order in enumerate(islice(orders(settings), settings.epochs)):
        losses, right = [], 0
        assert sorted(order) == list(range(300))
        for start in range(0, 300, batch_size):
            batch = order[start : start + batch_size]
            x, y = examples[0][batch], examples[1][batch]
            right += int(np.sum(plain.predict_on_batch(x).argmax(axis=1) == y))
            losses += [float(plain.train_on_batch(x, y)[0])] * len(batch)
        assert history[epoch]["loss"] == pytest.approx(np.mean(losses), abs=1e-5)
        assert history[epoch]["accuracy"] == pytest.approx(right / 300, abs=1e-6)
    np.testing.assert_allclose(weights(fast), weights(plain), atol=1e-5)
    assert int(fast.optimizer.iterations) == 2 * -(-300 // batch_size)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(examples, tmp_path):
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        model, _ = train(BUILDS["hidden"], examples, nothing(examples), recipe(seed=seed))
        save(model, f"{tmp_path}/{name}.keras")
    one, again, other = (
        (tmp_path / f"{name}.keras").read_bytes() for name in ("one", "again", "other")
    )
    assert one == again
    assert one != other


def test_it_learns(examples):
    _, history = train(
        BUILDS["basic"], examples, nothing(examples), recipe(epochs=10, learning_rate=0.01)
    )
    assert history[-1]["accuracy"] > 0.95
    assert history[-1]["loss"] < history[0]["loss"] / 2


def test_validation_examples_are_measured_and_not_learnt_from(examples, split):
    training, validation = split
    with_validation, history = train(BUILDS["basic"], training, validation, recipe())
    without, plain_history = train(BUILDS["basic"], training, nothing(examples), recipe())
    np.testing.assert_array_equal(weights(with_validation), weights(without))
    assert list(plain_history[0]) == ["loss", "accuracy"]
    assert list(history[0]) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    measured = with_validation.evaluate(*validation, verbose=0, return_dict=True)
    assert history[-1]["val_loss"] == pytest.approx(measured["loss"], abs=1e-5)
    assert history[-1]["val_accuracy"] == pytest.approx(measured["accuracy"], abs=1e-6)


def test_a_block_is_one_call_of_one_program_compiled_once_for_its_size(examples, monkeypatch):
    model = BUILDS["basic"](784, 10)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    model.test_step((examples.images[:1], examples.labels[:1]))
    steps = []

    def step(batch):
        steps.append(batch)
        return model.train_step(batch)

    learn = compile_loop(model, step, 32)
    images, labels, _ = next(blocks.in_order(examples, 32))
    for size in (256, 256, 128, 256, 128):
        block = blocks.Block(images[:size], labels[:size], np.arange(size))
        learn(*tensors(block))
    assert learn.experimental_get_tracing_count() == 2
    assert len(steps) == 2  # traced, not run, from Python
    assert int(model.optimizer.iterations) == (3 * 256 + 2 * 128) // 32
    assert all(isinstance(x, tf.Tensor) and x.shape == (32, 784) for x, _ in steps)


def test_tensors_share_the_blocks_memory(examples):
    block = next(blocks.in_order(examples, 32))
    shared, _, order = tensors(block)
    block.images[0, 0] = 0.5
    assert float(shared[0, 0]) == 0.5
    assert order.dtype == tf.int32


def test_each_block_is_augmented_by_numbers_of_its_own_the_same_in_the_next_run(examples):
    def noise(images, random):
        return random.random(images.shape, np.float32)

    def found():
        images, labels = (np.array(array[:64]) for array in examples)
        epoch = [blocks.Block(images, labels, np.arange(64))] * 2
        made = augmented([epoch, epoch], noise, seed=3)
        return [block.images for of_one in made for block in of_one]

    first = found()
    assert len({images.tobytes() for images in first}) == 4
    assert all(images.ctypes.data % 64 == 0 for images in first)
    np.testing.assert_array_equal(first, found())
