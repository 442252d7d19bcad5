"""Models as they are answered here, by numpy, by Keras or by the page, against Keras itself."""

import json
import subprocess
import sys
from functools import partial, reduce
from pathlib import Path

import numpy as np
import pytest

from digits.backend import keras
from digits.errors import ArtifactError
from digits.evaluation.answers import answers, probabilities
from digits.evaluation.scoring import confusion_matrix, score
from digits.inference.network import load
from digits.models import basic, hidden
from digits.page.images import EMBEDDED
from digits.training.saving import save

layers = keras.layers


def chain(*makers, functional=False):
    """A builder of a model of these layers, each made anew."""

    def build(pixels, classes):
        made = [keras.Input((pixels,)), *(make() for make in makers)]
        made.append(layers.Dense(classes, activation="softmax"))
        if not functional:
            return keras.Sequential(made)
        return keras.Model(made[0], reduce(lambda values, layer: layer(values), made))

    return build


def shared(pixels, classes):
    inputs, layer = keras.Input((pixels,)), layers.Dense(pixels, activation="tanh")
    return keras.Model(inputs, layers.Dense(classes)(layer(layer(inputs))))


def forked(pixels, classes):
    inputs = keras.Input((pixels,))
    layers.Dense(9)(inputs)
    sides = [layers.Dense(4, name=name)(inputs) for name in ("left", "right")]
    return keras.Model(inputs, layers.Dense(classes)(layers.Add()(sides)))


dense, normalized = partial(partial, layers.Dense), partial(partial, layers.BatchNormalization)
rows = partial(layers.Reshape, (28, 28))
STACKS = {
    "basic": basic.build,
    "hidden": partial(hidden.build, units=7),
    **{
        name: chain(layers.Flatten, dense(5, activation=name), partial(layers.Dropout, 0.5))
        for name in ("linear", "relu", "tanh", "sigmoid", "softmax")
    },
    "without bias": chain(dense(5, use_bias=False)),
    "functional": chain(dense(6, activation="relu"), dense(5), functional=True),
    "of rows": chain(rows, dense(5, activation="softmax"), dense(3), layers.Flatten),
    "normalized": chain(normalized(), dense(5), normalized(scale=False), normalized(center=False)),
    "normalized rows": chain(rows, normalized(), layers.Flatten, normalized(epsilon=0.1)),
}
OTHERS = {
    "convolutional": chain(
        partial(layers.Reshape, (28, 28, 1)),
        partial(layers.Conv2D, 2, 3, activation="relu"),
        layers.Flatten,
    ),
    "recurrent": chain(rows, partial(layers.LSTM, 3)),
    "another activation": chain(dense(5, activation="gelu")),
    "an activation as a layer": chain(dense(5), partial(layers.Activation, "relu")),
    "normalized along another axis": chain(rows, normalized(axis=1), layers.Flatten),
    "channels first": chain(rows, partial(layers.Flatten, data_format="channels_first")),
    "in half precision": chain(dense(5, dtype="mixed_bfloat16")),
    "nested": lambda pixels, classes: chain(
        partial(keras.Sequential, [keras.Input((pixels,)), layers.Dense(5, activation="relu")])
    )(pixels, classes),
    "a layer for an activation": chain(lambda: layers.Dense(5, activation=layers.LeakyReLU(0.1))),
    "rescaled": chain(partial(layers.Rescaling, 2.0)),
    "shared": shared,
    "forked": forked,
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
    values = keras.Model(model.inputs, last.input).predict(images, verbose=0)
    return values @ last.kernel.numpy() + last.bias.numpy()


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Each model with random weights, and as it is loaded."""
    made = {}
    for name, build in (STACKS | OTHERS).items():
        model = scattered(build(784, 10))
        path = f"{tmp_path_factory.mktemp('model')}/model.keras"
        save(model, path)
        made[name] = model, load(path)
    return made


@pytest.mark.parametrize("name", OTHERS)
def test_what_numpy_cannot_compute_keras_does(name, networks, examples):
    model, network = networks[name]
    got, wanted = network.logits(examples.images), logits_by_keras(model, examples.images)
    assert (network.stack, got.dtype) == ([], np.float64)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-2 if "half" in name else 1e-4)
    assert network.parameters == model.count_params()


@pytest.mark.parametrize("name", STACKS)
def test_numpy_and_the_page_compute_what_keras_does_in_float64(name, networks, dataset, chromium):
    model, network = networks[name]
    grey = dataset.test_images.reshape(-1, 784)
    images = grey / np.float32(255)
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("float64")
        exact = STACKS[name](784, 10)
    finally:
        keras.config.set_dtype_policy(policy)
    exact.set_weights([weight.astype(np.float64) for weight in model.get_weights()])
    wanted = logits_by_keras(exact, images.astype(np.float64))
    assert wanted.dtype == np.float64
    np.testing.assert_allclose(network.logits(images), wanted, rtol=0, atol=1e-6)
    assert network.parameters == model.count_params()
    assert network.form.endswith("→ 10 units") == ("rows" not in name and "normal" not in name)
    embedded = [
        {key: EMBEDDED[key](value) for key, value in layer._asdict().items()}
        for layer in network.stack
    ]
    found = {"models": [{"layers": embedded}]}
    page = chromium.new_page()
    page.set_content(
        f'<script type="application/json" id="findings">{json.dumps(found)}</script>'
        f"<script>{Path('digits/page/assets/models.js').read_text()}</script>"
    )
    answers = page.evaluate("(images) => images.map((grey) => infer(0, grey))", grey.tolist())
    page.close()
    shares = [answer["softmax"] for answer in answers]
    np.testing.assert_allclose(shares, probabilities(wanted), rtol=0, atol=1e-6)
    assert [answer["digit"] for answer in answers] == wanted.argmax(axis=1).tolist()


@pytest.mark.parametrize("name", ["basic", "hidden", "relu"])
def test_loss_and_accuracy_are_those_that_keras_measures(name, networks, examples):
    model, network = networks[name]
    answer = answers(network.logits(examples.images), examples.labels)
    scores = score(answer, examples.labels, confusion_matrix(examples.labels, answer.predicted, 10))
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    measured = model.evaluate(*examples, verbose=0, return_dict=True)
    assert scores["loss"] == pytest.approx(measured["loss"], rel=1e-4)
    assert scores["accuracy"] == pytest.approx(measured["accuracy"], abs=1e-6)


def test_dense_stacks_are_answered_without_tensorflow(tmp_path):
    save(STACKS["relu"](784, 10), f"{tmp_path}/model.keras")
    code = (
        "import sys; import numpy as np; from digits.inference.network import load\n"
        f"network = load({f'{tmp_path}/model.keras'!r})\n"
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
        load(str(path))


@pytest.mark.fault("field: expected faults, in true words")
@pytest.mark.parametrize(
    ("last", "message"),
    [
        (layers.Dense(10, activation="relu"), "expected a last layer with linear or sigmoid or"),
        (layers.Dense(3, activation="softmax"), r"expected 10 classes out of 784 pixels, got \(3,"),
        (layers.Softmax(), "got Softmax"),
        (layers.BatchNormalization(), "got BatchNormalization"),
    ],
)
def test_a_model_that_answers_something_else_is_refused_with_a_true_cure(last, message, tmp_path):
    body = [layers.Dense(10)] * (not isinstance(last, layers.Dense))
    save(keras.Sequential([keras.Input((784,)), *body, last]), f"{tmp_path}/model.keras")
    with pytest.raises(ArtifactError, match=rf"(?s){message}.*Correct the model's file"):
        load(f"{tmp_path}/model.keras", 784, 10)
