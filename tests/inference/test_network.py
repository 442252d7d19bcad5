"""Models as they are answered here, by numpy, by Keras or by the page, against Keras itself."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digits.__main__ import call
from digits.backend import keras
from digits.data.loading import Examples
from digits.errors import ArtifactError, ModelError
from digits.evaluation.scoring import probabilities
from digits.inference.network import load
from digits.page.images import embedded_layers
from digits.training.saving import save
from digits.training.train import train
from tests.faults.ending import main_of
from tests.inference.forms import ENDS, OTHERS, STACKS, UNUSABLE
from tests.pipeline import MODELS
from tests.strokes import draw
from tests.training.test_train import NONE, params

FORMS = STACKS | ENDS | OTHERS
QUICK = [*ENDS, *OTHERS][:16]
KEPT = {  # what a model may return, by its logits
    "logits": lambda logits: logits,
    "softmax": probabilities,
    "sigmoid": lambda logits: 1 / (1 + np.exp(-logits)),
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
    for name, build in STACKS.items():
        model = scattered(build(784, 10))
        path = f"{tmp_path_factory.mktemp('model')}/model.keras"
        save(model, path)
        made[name] = model, load(path, 784, 10)
    return made


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in FORMS]
)
def test_a_model_of_any_form_is_trained_and_answers_as_keras_does(name, examples, tmp_path):
    some = Examples(*(array[:32] for array in examples))
    model, _ = train(FORMS[name], some, NONE, params(epochs=1, batch_size=64))
    save(model, f"{tmp_path}/model.keras")
    network = load(f"{tmp_path}/model.keras", 784, 10)
    assert bool(network.stack) == (name in STACKS | ENDS)
    assert network.parameters == model.count_params()
    logits = network.logits(some.images)
    assert logits.dtype == np.float64
    loaded = keras.models.load_model(f"{tmp_path}/model.keras")
    wanted = np.reshape(loaded.predict_on_batch(np.array(some.images)), (32, 10))
    fits = [kept for kept in KEPT if np.allclose(KEPT[kept](logits), wanted, rtol=0, atol=1e-5)]
    assert len(fits) == 1


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_model_that_cannot_be_used_is_refused_before_its_first_epoch(name, examples):
    build, message = UNUSABLE[name]
    epochs = []
    with pytest.raises(ModelError, match=message) as refused:
        train(build, examples, NONE, params(), after_epoch=epochs.append)
    assert epochs == []
    assert "\n" not in str(refused.value)


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
    assert network.form.endswith("Dense(10)")
    found = {"models": [{"layers": embedded_layers(network.stack)}]}
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


def test_dense_stacks_are_answered_without_tensorflow(tmp_path):
    save(STACKS["pictures"](784, 10), f"{tmp_path}/model.keras")
    code = (
        "import sys; import numpy as np; from digits.inference.network import load\n"
        f"network = load({f'{tmp_path}/model.keras'!r}, 784, 10)\n"
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
        load(str(path), 784, 10)


def test_a_saved_model_that_cannot_be_used_is_refused_with_a_true_cure(tmp_path):
    for build, message in (UNUSABLE[name] for name in ("relu", "other classes")):
        save(build(784, 10), f"{tmp_path}/model.keras")
        with pytest.raises(ArtifactError, match=rf"model.keras: .*{message}.*; `dvc repro` then"):
            load(f"{tmp_path}/model.keras", 784, 10)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden", np.nan), ("hidden", np.inf), ("nested", np.nan), ("nested", 1e38)],
)
def test_numbers_that_are_not_finite_are_refused(name, value, tmp_path):
    model = FORMS[name](784, 10)
    model.set_weights([np.full(weight.shape, value) for weight in model.get_weights()])
    save(model, f"{tmp_path}/model.keras")
    with pytest.raises(ArtifactError, match=r"model.keras: .* NaN or infinite.*learning_rate"):
        load(f"{tmp_path}/model.keras", 784, 10).logits(np.ones((2, 784), np.float32) * 1e30)


@pytest.mark.slow
def test_models_that_keras_computes_go_through_all_stages(project, monkeypatch, capsys):
    monkeypatch.chdir(project.folder)
    draw(7).save("seven.png")
    forms = ("skip by operator", "subclass", "mean of softmaxes")
    for name, form in zip(MODELS, forms, strict=False):
        model = FORMS[form](784, 10)
        model(np.zeros((1, 784)))
        save(model, f"models/{name}.keras")
    for stage in ("evaluate", "robustness", "report"):
        main_of(stage)()
    assert "cannot be tried here" in Path("report/index.html").read_text()
    capsys.readouterr()
    call(["predict", "--json", "--model", "all", "seven.png"])
    assert [row["model"] for row in json.loads(capsys.readouterr().out)] == MODELS
