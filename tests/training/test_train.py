"""Training as a library: the compiled loop against Keras's own steps, any model, any arrays."""

from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from digits.backend import keras
from digits.data import blocks
from digits.data.loading import Examples
from digits.errors import ModelError, ParameterError
from digits.models import basic, hidden
from digits.params.train import TrainParams
from digits.training.epochs import augmented
from digits.training.history import best_epoch
from digits.training.saving import save
from digits.training.train import compile_loop, tensors, train
from digits.workers.distributed import Workers
from tests.inference.forms import chain, dense, graph, pictures, rows

layers = keras.layers
PARAMS = TrainParams(
    seed=0, epochs=2, batch_size=32, learning_rate=0.01, patience=None, workers=1, device="cpu"
)
NONE = Examples(np.zeros((0, 784), np.float32), np.zeros(0, np.uint8))


def params(**changes):
    return PARAMS.model_copy(update=changes)


def weights(model):
    return np.concatenate([weight.numpy().ravel() for weight in model.trainable_variables])


MODELS = {
    "basic": basic.build,
    "hidden": partial(hidden.build, units=100),
    "softmax": chain(),
    "logits": graph(lambda inputs, last: last(inputs)),
    "normalized": chain(
        dense(32, activation="relu"), partial(layers.BatchNormalization, momentum=0.8)
    ),
    "convolutional": pictures(partial(layers.Conv2D, 4, 5, strides=3, activation="relu")),
    "recurrent": chain(rows, partial(layers.LSTM, 16)),
    "dropout": chain(
        dense(32, activation="relu"), layers.BatchNormalization, partial(layers.Dropout, 0.2)
    ),
}


def orders(settings):
    """Yield the order of the 300 examples in each epoch, from what is documented about it."""
    chunks = np.random.default_rng([settings.seed, 1])
    shuffle = np.random.default_rng(settings.seed)
    while True:
        order = []
        size = blocks.rows_per_block(settings.batch_size)
        for some in blocks.shuffle_chunks(300, size, chunks):
            order += some[shuffle.permutation(len(some))].tolist()
        yield order


@pytest.mark.parametrize(
    ("name", "batch_size", "rows"),
    [
        pytest.param("basic", 301, 300, marks=pytest.mark.slow),  # less than one batch
        ("basic", 32, 64),
        ("hidden", 7, 299),
        pytest.param("softmax", 30, 100, marks=pytest.mark.slow),
        ("logits", 30, 300),
        ("normalized", 32, 300),
        ("convolutional", 32, 300),
        pytest.param("recurrent", 32, 300, marks=pytest.mark.slow),
    ],
)
def test_the_same_as_train_on_batch(name, batch_size, rows, examples, monkeypatch):
    """In memory: a smaller last batch, or none. In blocks of `rows`: 5, 4 and 2."""
    monkeypatch.setattr(blocks, "ROWS", rows)
    monkeypatch.setattr(blocks, "CHUNK", 8)
    settings = params(batch_size=batch_size, learning_rate=0.001, seed=5)
    fast, history = train(MODELS[name], examples, NONE, settings)

    keras.utils.set_random_seed(settings.seed)
    plain = MODELS[name](784, 10)
    linear = plain.layers[-1].activation is keras.activations.linear
    plain.compile(
        keras.optimizers.Adam(0.001), keras.losses.SparseCategoricalCrossentropy(from_logits=linear)
    )
    for means, order in zip(history, islice(orders(settings), settings.epochs), strict=True):
        losses, right = [], 0
        assert sorted(order) == list(range(300))
        for start in range(0, 300, batch_size):
            batch = order[start : start + batch_size]
            x, y = examples.images[batch], examples.labels[batch]
            right += int(np.sum(np.argmax(plain(x, training=True), axis=1) == y))
            losses += [float(plain.train_on_batch(x, y))] * len(batch)
        assert means["loss"] == pytest.approx(np.mean(losses), abs=1e-5)
        assert means["accuracy"] == pytest.approx(right / 300, abs=1e-6)
    # Adam turns gradients of about 0, as before a BatchNormalization, into steps of any direction
    np.testing.assert_allclose(
        weights(fast), weights(plain), atol=1e-3 if name == "normalized" else 1e-5
    )
    assert int(fast.optimizer.iterations) == 2 * -(-300 // batch_size)


def test_keras_alone_opens_a_saved_model_compiled_and_trained(examples, tmp_path):
    """Saved again it is the same bytes."""
    trained, _ = train(basic.build, examples, NONE, PARAMS)
    one, two = (str(tmp_path / f"{name}.keras") for name in ("one", "two"))
    save(trained, one)
    loaded = keras.models.load_model(one)
    assert isinstance(loaded.optimizer, keras.optimizers.Adam)
    assert int(loaded.optimizer.iterations) == 20
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.01)
    assert loaded.loss == "sparse_categorical_crossentropy"
    np.testing.assert_array_equal(loaded(examples.images), trained(examples.images))
    save(loaded, two)
    assert Path(two).read_bytes() == Path(one).read_bytes()


def test_validation_examples_are_measured_and_not_learnt_from(examples):
    """A slice of the file that is trained on, as in a cross-validation."""
    training, validation = (
        Examples(*(array[part] for array in examples)) for part in (slice(200), slice(200, 300))
    )
    model, history = train(basic.build, training, validation, PARAMS)
    without, plain_history = train(basic.build, training, NONE, PARAMS)
    np.testing.assert_array_equal(weights(model), weights(without))
    assert [*plain_history[0], "val_loss", "val_accuracy"] == [*history[0]]
    measured = model.evaluate(*map(np.array, validation), verbose=0, return_dict=True)
    assert history[-1]["val_loss"] == pytest.approx(measured["loss"], abs=1e-5)
    assert history[-1]["val_accuracy"] == pytest.approx(measured["accuracy"], abs=1e-6)


@pytest.mark.slow
def test_smoothed_labels_and_other_losses_of_keras_are_those_of_fit(examples):
    """Labels are one-hot for these; `fit` is given them so."""
    some = Examples(*(np.array(array[:64]) for array in examples))
    for loss in (
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        keras.losses.CategoricalFocalCrossentropy(),
        keras.losses.MeanSquaredError(),
        "kl_divergence",
    ):
        settings = params(epochs=1, batch_size=64)
        given = partial(lambda loss: loss, loss)
        model, history = train(MODELS["softmax"], some, some, settings, loss=given)
        keras.utils.set_random_seed(settings.seed)
        plain = MODELS["softmax"](784, 10)
        plain.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        wanted = plain.fit(some.images, np.eye(10)[some.labels], 64, verbose=0, shuffle=False)
        np.testing.assert_allclose(weights(model), weights(plain), atol=1e-5)
        for name in ("loss", "accuracy"):
            assert history[0][name] == pytest.approx(wanted.history[name][0], abs=1e-5)


def test_patience_ends_a_training_and_keeps_the_weights_of_the_best_epoch(examples):
    """The labels of the validation split are wrong, so its loss soon rises."""
    wrong = Examples(examples.images[:50], (examples.labels[:50] + 1) % 10)
    impatient = params(epochs=9, learning_rate=0.001, patience=2)
    model, history = train(basic.build, examples, wrong, impatient)
    losses = [means["val_loss"] for means in history]
    best = best_epoch(history, 2)
    assert losses[best] == min(losses)
    assert len(history) == best + 3 < 9
    short = params(epochs=best + 1, learning_rate=0.001)
    same, before = train(basic.build, examples, wrong, short)
    assert before == history[: best + 1]
    for one, other in zip(model.variables, same.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    assert int(model.optimizer.iterations) == int(same.optimizer.iterations)
    with pytest.raises(ParameterError, match=r"patience is 2: expected preprocess\.validation"):
        train(basic.build, examples, NONE, impatient)


@pytest.mark.parametrize("rate", [1e38, np.inf])
def test_a_training_that_diverges_ends_at_that_epoch(rate, examples):
    seen = []
    options = {"optimizer": lambda params, steps: keras.optimizers.SGD(rate)}
    with pytest.raises(ModelError, match=r"diverges: .* NaN or infinite"):
        train(basic.build, examples, NONE, PARAMS, after_epoch=seen.append, **options)
    assert seen == []


def test_a_block_is_one_call_of_one_program_compiled_once_for_its_size(examples):
    model = basic.build(784, 10)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    model.test_step((examples.images[:1], examples.labels[:1]))
    steps = []

    def step(batch):
        steps.append(batch)
        return model.train_step(batch)

    loop = compile_loop(model, step, Workers(PARAMS))
    images, labels, *_ = next(blocks.in_order(examples, 32))
    for size in (256, 256, 128, 256, 128):
        loop(*tensors(blocks.Block(images[:size], labels[:size], np.arange(size))))
    assert loop.experimental_get_tracing_count() == len(steps) == 2  # traced, not run, from Python
    assert int(model.optimizer.iterations) == (3 * 256 + 2 * 128) // 32


def test_each_block_is_augmented_by_its_own_random_numbers_that_the_seed_decides(examples):
    def found(seed):
        images, labels = (np.array(array[:64]) for array in examples)
        given = [blocks.Block(images, labels, np.arange(64), epoch) for epoch in (0, 0, 1, 1)]
        noise = lambda images, random: random.random(images.shape, np.float32)  # noqa: E731
        return [block.images for block in augmented(given, noise, seed)]

    first = found(3)
    assert len({images.tobytes() for images in first + found(4)}) == 8
    assert all(images.ctypes.data % 64 == 0 for images in first)  # no copy for TensorFlow
    np.testing.assert_array_equal(first, found(3))


HALVED = {
    "in place": lambda images, random: np.multiply(images, 0.5, out=images),
    "float64": lambda images, random: images.astype(np.float64) / 2,
    "Fortran": lambda images, random: np.asfortranarray(images / 2),
    "pictures": lambda images, random: images.reshape(-1, 28, 28) / 2,
}


@pytest.mark.parametrize("augment", HALVED.values(), ids=HALVED)
def test_whatever_array_an_augmentation_returns_is_taken(augment, examples):
    (block,) = blocks.in_order(examples, 32)
    before = block.images.copy()
    (halved,) = augmented([block], augment, seed=0)
    np.testing.assert_array_equal(halved.images, before / 2)
    np.testing.assert_array_equal(block.images, before)  # it is used again in the next epoch
    assert (halved.images.dtype, halved.images.flags.c_contiguous) == (np.float32, True)
