"""Training as a library: any arrays, any model, numbers after each epoch."""

import subprocess
import sys
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest

from digits.backend import keras
from digits.data.blocks import in_order
from digits.data.loading import Examples
from digits.errors import ArtifactError
from digits.models import basic, inference
from digits.params.train import TrainParams
from digits.training.saving import save
from digits.training.train import augmented, train

layers = keras.layers
RECIPE = TrainParams(seed=0, epochs=2, batch_size=32, learning_rate=0.01, workers=1, device="cpu")
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


@pytest.mark.fault("field: notebooks and other checkouts")
def test_arrays_of_other_types_are_taken(examples):
    wide = Examples(examples.images.astype(np.float64), examples.labels.astype(np.int64))
    one, other = (train(basic.build, e, NONE, RECIPE)[0] for e in (wide, examples))
    np.testing.assert_allclose(weights(one), weights(other), atol=1e-6)


@pytest.mark.fault("field: notebooks and other checkouts")
def test_what_a_mapping_holds_in_memory_alone_is_trained_on(examples):
    images = np.load(examples.images.filename, mmap_mode="c")  # changes never reach the file
    images[:] = images[::-1].copy()
    mapped, copies = (Examples(array, examples.labels) for array in (images, np.array(images)))
    one, other = (weights(train(basic.build, e, NONE, RECIPE)[0]) for e in (mapped, copies))
    np.testing.assert_array_equal(one, other)


@pytest.mark.fault("field: notebooks and other checkouts")
def test_a_slice_may_be_held_out_of_the_file_that_is_trained_on(examples):
    """As in a cross-validation: what is measured is what Keras measures on a copy."""
    training, held_out = (
        Examples(*(array[part] for array in examples))
        for part in (slice(200, 300), slice(100, 200))
    )
    model, epochs = train(basic.build, training, held_out, RECIPE)
    copies = (np.array(array) for array in held_out)
    measured = model.evaluate(*copies, verbose=0, return_dict=True)
    assert epochs[-1]["val_loss"] == pytest.approx(measured["loss"], abs=1e-5)
    assert epochs[-1]["val_accuracy"] == pytest.approx(measured["accuracy"], abs=1e-6)


def test_numbers_come_after_each_epoch_and_true_ends_the_training(examples):
    seen = []

    def after_epoch(so_far):
        seen.append([dict(epoch) for epoch in so_far])
        return len(so_far) == 2

    recipe = RECIPE.model_copy(update={"epochs": 9})
    model, epochs = train(basic.build, examples, NONE, recipe, after_epoch=after_epoch)
    assert [len(so_far) for so_far in seen] == [1, 2]
    assert epochs == seen[-1]
    assert all(isinstance(value, float) for epoch in epochs for value in epoch.values())
    assert int(model.optimizer.iterations) == 2 * 10


LASTS = {
    name: layer(layers.Dense, 10, activation=name) for name in ("sigmoid", "softmax", "linear")
}
BODIES = {
    **{f"last {name}": [last] for name, last in LASTS.items()},
    "normalized": [
        layer(layers.Dense, 32, activation="relu"),
        layer(layers.BatchNormalization, momentum=0.8),
        LASTS["linear"],
    ],
    "dropped out": [
        layer(layers.Dense, 32, activation="relu"),
        layer(layers.Dropout, 0.2),
        LASTS["sigmoid"],
    ],
    "convolutional": [
        layer(layers.Reshape, (28, 28, 1)),
        layer(layers.Conv2D, 4, 5, strides=3, activation="relu"),
        layer(layers.Flatten),
        LASTS["softmax"],
    ],
    "recurrent": [layer(layers.Reshape, (28, 28)), layer(layers.LSTM, 16), LASTS["linear"]],
}
LONGER = RECIPE.model_copy(update={"epochs": 12})


KINDS = [pytest.param(kind, marks=[pytest.mark.slow] * (kind == "recurrent")) for kind in BODIES]


@pytest.fixture(scope="module", params=KINDS)
def trained(request, examples, tmp_path_factory):
    """A model of each kind, its history, and the file it is saved in."""
    keras.utils.clear_session()  # or the layers get other names than in a new process
    model, epochs = train(build(*BODIES[request.param]), examples, NONE, LONGER)
    path = tmp_path_factory.mktemp("trained") / "model.keras"
    save(model, str(path))
    return request.param, model, epochs, path


def test_any_model_learns_and_answers_as_keras_does(trained, examples):
    _, model, epochs, path = trained
    logits = inference.load(str(path)).logits(examples.images)
    assert np.mean(logits.argmax(axis=1) == examples.labels) > 0.9
    assert epochs[-1]["loss"] < epochs[0]["loss"] / 2
    for answering in (model, keras.models.load_model(path)):
        answers = answering.predict(examples.images, verbose=0)
        np.testing.assert_array_equal(logits.argmax(axis=1), answers.argmax(axis=1))


def test_any_model_is_saved_as_the_same_bytes_again(trained, examples, tmp_path):
    kind, *_, path = trained
    keras.utils.clear_session()
    again, _ = train(build(*BODIES[kind]), examples, NONE, LONGER)
    save(again, f"{tmp_path}/again.keras")
    assert (tmp_path / "again.keras").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "trained", [kind for kind in KINDS if kind.values != ("dropped out",)], indirect=True
)
def test_any_model_is_trained_as_keras_trains_it_by_single_batches(trained, examples):
    kind, _, epochs, _ = trained
    keras.utils.set_random_seed(0)
    plain = build(*BODIES[kind])(784, 10)
    linear = plain.layers[-1].activation is keras.activations.linear
    plain.compile(
        keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=linear)
    )
    shuffle = np.random.default_rng(0)
    for epoch in epochs[:2]:
        batches = np.split(shuffle.permutation(300), range(32, 300, 32))
        losses = [float(plain.train_on_batch(*(a[batch] for a in examples))) for batch in batches]
        wanted = np.average(losses, weights=[len(batch) for batch in batches])
        assert epoch["loss"] == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("last", [layers.Softmax, layers.BatchNormalization])
@pytest.mark.fault("field: expected faults, in true words")
def test_a_last_layer_without_activation_is_refused_with_a_true_cure(last, tmp_path):
    save(build(LASTS["linear"], layer(last))(784, 10), f"{tmp_path}/model.keras")
    with pytest.raises(ArtifactError, match=rf"got {last.__name__}\. Mend the model's file"):
        inference.load(f"{tmp_path}/model.keras")


def slower(recipe, steps):
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps * recipe.epochs)
    return keras.optimizers.SGD(rate)


def test_a_model_may_bring_its_own_optimizer_with_a_schedule(examples, tmp_path):
    for name in ("one", "again"):
        keras.utils.clear_session()
        model, _ = train(basic.build, examples, NONE, RECIPE, optimizer=slower)
        save(model, f"{tmp_path}/{name}.keras")
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "again.keras").read_bytes()
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert int(model.optimizer.iterations) == 20
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)


HALVED = {
    "new": lambda images, random: images * np.float32(0.5),
    "in place": lambda images, random: np.multiply(images, 0.5, out=images),
    "float64": lambda images, random: images.astype(np.float64) / 2,
    "Fortran": lambda images, random: np.asfortranarray(images / 2),
    "backwards": lambda images, random: (images[::-1] / 2)[::-1],
    "pictures": lambda images, random: images.reshape(-1, 28, 28) / 2,
}


@pytest.mark.parametrize("augment", HALVED.values(), ids=HALVED)
def test_whatever_array_an_augmentation_returns_is_taken(augment, examples):
    (block,) = in_order(examples, 32)
    before = block.images.copy()
    ((halved,),) = (list(blocks) for blocks in augmented([[block]], augment, seed=0))
    np.testing.assert_array_equal(halved.images, before / 2)
    np.testing.assert_array_equal(block.images, before)  # it is used again in the next epoch
    assert (halved.images.dtype, halved.images.flags.c_contiguous) == (np.float32, True)


def test_what_an_augmentation_returns_is_trained_on_in_every_epoch(examples):
    model, epochs = train(basic.build, examples, NONE, RECIPE, augment=HALVED["in place"])
    halved = Examples(examples.images / 2, examples.labels)
    other, wanted = train(basic.build, halved, NONE, RECIPE)
    np.testing.assert_array_equal(weights(model), weights(other))
    assert epochs == wanted


def test_an_augmentation_that_loses_images_is_an_error(examples):
    with pytest.raises(ValueError, match="cannot reshape"):
        train(basic.build, examples, NONE, RECIPE, augment=lambda images, random: images[:10])


def test_an_augmentation_differs_from_epoch_to_epoch_and_the_seed_decides_how(examples):
    seen = []

    def augment(images, random):
        mirrored = random.random(len(images)) < 0.5
        seen.append(mirrored)
        return np.where(mirrored[:, None], images[:, ::-1], images)

    run = partial(train, basic.build, examples, NONE, augment=augment)
    one, again = (weights(run(RECIPE)[0]) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(seen[:2], seen[2:])
    assert (seen[0] != seen[1]).any()


ENDLESS = """
from functools import partial
import numpy as np
from digits.data.loading import Examples
from digits.models import basic, history
from digits.training.train import train
from digits.params.train import Train
some = Examples(np.random.default_rng(0).random((64, 784), np.float32), np.arange(64) % 10)
none = Examples(some.images[:0], some.labels[:0])
recipe = Train(seed=0, epochs=10_000, batch_size=32, learning_rate=0.01, workers=1, device="cpu")
keep = partial(history.keep, "history/basic.csv", 10_000)
train(basic.build, some, none, recipe, after_epoch=keep)
"""


def test_a_killed_training_leaves_the_epochs_that_were_done(tmp_path):
    table = tmp_path / "history/basic.csv"
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", ENDLESS], cwd=tmp_path, stdout=out)
    deadline = time.monotonic() + 120
    try:
        while not table.exists() or len(pd.read_csv(table)) < 3:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    epochs = pd.read_csv(table)
    assert list(epochs) == ["epoch", "loss", "accuracy"]
    assert epochs["epoch"].tolist() == list(range(1, len(epochs) + 1))
    said = (tmp_path / "out").read_text().splitlines()  # each epoch, once it is in the table
    assert len(epochs) - len(said) in (0, 1)
    assert said[2].startswith("basic: epoch 3/10000, loss ")
