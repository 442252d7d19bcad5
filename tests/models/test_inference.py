"""Models as they are answered here, by numpy or by Keras, against Keras itself."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from digits.errors import ArtifactError
from digits.evaluation.answers import answers, probabilities
from digits.evaluation.scoring import confusion_matrix, score
from digits.models import basic, hidden, inference
from digits.models.backend import keras
from digits.models.saving import save

layers = keras.layers
STACKS = {
    "basic": basic.build,
    "hidden": partial(hidden.build, units=7),
    **{
        name: lambda pixels, classes, name=name: keras.Sequential(
            [
                keras.Input((pixels,)),
                layers.Flatten(),
                layers.Dense(5, activation=name),
                layers.Dropout(0.5),
                layers.Dense(classes, activation="softmax"),
            ]
        )
        for name in ("linear", "relu", "tanh", "sigmoid")
    },
}
OTHERS = {
    "normalized": [layers.BatchNormalization(), layers.Dense(10)],
    "convolutional": [
        layers.Reshape((28, 28, 1)),
        layers.Conv2D(2, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ],
    "recurrent": [layers.Reshape((28, 28)), layers.LSTM(3), layers.Dense(10, activation="sigmoid")],
    "activation as a layer": [layers.Dense(10), layers.Activation("softmax")],
}


def scattered(model):
    """Give a model random weights, its biases and statistics as well."""
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    for weight in model.weights:
        values = random.normal(0, 0.1, weight.shape)
        if "seed" not in weight.path:
            weight.assign(np.abs(values) if "variance" in weight.path else values)
    return model


def logits_by_keras(model, images):
    """What is beneath the last activation, by another way: a model that ends one step earlier."""
    last = model.layers[-1]
    if isinstance(last, layers.Activation):
        return keras.Model(model.inputs, last.input).predict(images, verbose=0)
    values = keras.Model(model.inputs, last.input).predict(images, verbose=0)
    return values @ last.kernel.numpy() + last.bias.numpy()


@pytest.mark.parametrize("name", [*STACKS, *OTHERS])
def test_logits_are_those_of_keras(name, examples, tmp_path):
    stack = name in STACKS
    model = (
        STACKS[name](784, 10) if stack else keras.Sequential([keras.Input((784,)), *OTHERS[name]])
    )
    path = f"{tmp_path}/model.keras"
    save(scattered(model), path)
    network = inference.load(path)
    got = network.logits(examples.images)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, logits_by_keras(model, examples.images), rtol=1e-4, atol=1e-4)
    assert network.parameters == model.count_params()
    assert bool(network.stack) == stack
    assert network.form.endswith("→ 10 units") == stack


@pytest.mark.parametrize("name", ["basic", "hidden"])
def test_our_loss_is_the_one_that_keras_measures(name, examples, tmp_path):
    model = scattered(STACKS[name](784, 10))
    save(model, f"{tmp_path}/model.keras")
    answer = answers(
        inference.load(f"{tmp_path}/model.keras").logits(examples.images), examples.labels
    )
    scores = score(answer, examples.labels, confusion_matrix(examples.labels, answer.predicted, 10))
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    measured = model.evaluate(*examples, verbose=0, return_dict=True)
    assert scores["loss"] == pytest.approx(measured["loss"], rel=1e-4)
    assert scores["accuracy"] == pytest.approx(measured["accuracy"], abs=1e-6)


def test_confidence_is_the_output_of_a_softmax(examples, tmp_path):
    model = scattered(STACKS["relu"](784, 10))
    save(model, f"{tmp_path}/model.keras")
    logits = inference.load(f"{tmp_path}/model.keras").logits(examples.images)
    wanted = model.predict(examples.images, verbose=0)
    np.testing.assert_allclose(probabilities(logits), wanted, atol=1e-5)


def test_dense_stacks_are_answered_without_tensorflow(tmp_path):
    save(STACKS["relu"](784, 10), f"{tmp_path}/model.keras")
    code = (
        "import sys; import numpy as np; from digits.models import inference\n"
        f"network = inference.load({f'{tmp_path}/model.keras'!r})\n"
        "assert network.logits(np.zeros((3, 784), np.float32)).shape == (3, 10)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("content", [None, b"", b"no zip"])
def test_a_missing_or_damaged_model_is_refused(tmp_path, content):
    path = tmp_path / "basic.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"basic.keras cannot be loaded: .*`dvc repro`"):
        inference.load(str(path))


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (layers.Dense(10, activation="relu"), "expected a last layer with linear or sigmoid or"),
        (layers.Dense(3, activation="softmax"), r"expected 10 classes out of 784 pixels, got \(3,"),
    ],
)
def test_a_model_that_answers_something_else_is_refused_with_a_true_cure(tmp_path, last, message):
    save(keras.Sequential([keras.Input((784,)), last]), f"{tmp_path}/model.keras")
    with pytest.raises(ArtifactError, match=rf"(?s){message}.*Mend the model's file"):
        inference.load(f"{tmp_path}/model.keras")
