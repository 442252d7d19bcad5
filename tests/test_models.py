import numpy as np
import pytest

from digits import models
from digits.backend import keras
from digits.errors import ArtifactError
from digits.params.train import Train
from digits.training import train

RECIPE = Train(seed=3, epochs=1, batch_size=32, learning_rate=0.01)


@pytest.fixture(scope="module", params=["basic", "hidden"])
def trained(request, examples):
    build = {"basic": models.basic, "hidden": lambda: models.hidden(16)}[request.param]
    return train(build, examples, (examples[0][:0], examples[1][:0]), RECIPE)[0]


def test_the_models_of_the_recipe():
    assert models.basic().count_params() == 7_850
    hidden = models.hidden(100)
    assert hidden.count_params() == 79_510
    assert [layer.activation.__name__ for layer in hidden.layers] == ["relu", "sigmoid"]


def test_keras_alone_opens_a_saved_model_compiled_and_trained(trained, tmp_path, examples):
    models.save(trained, f"{tmp_path}/model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer, keras.optimizers.Adam)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.01)
    assert int(loaded.optimizer.iterations) == 10
    assert loaded.loss == "sparse_categorical_crossentropy"
    np.testing.assert_array_equal(loaded(examples[0]), trained(examples[0]))


def test_a_loaded_model_learns_on_as_the_saved_one_would(trained, tmp_path, examples):
    models.save(trained, f"{tmp_path}/model.keras")
    first, second = (keras.models.load_model(tmp_path / "model.keras") for _ in range(2))
    first.train_on_batch(*examples)
    models.save(first, f"{tmp_path}/first.keras")
    second.train_on_batch(*examples)
    models.save(second, f"{tmp_path}/second.keras")
    assert int(first.optimizer.iterations) == 11
    assert (tmp_path / "first.keras").read_bytes() == (tmp_path / "second.keras").read_bytes()


def test_saving_again_what_was_loaded_gives_the_same_bytes(trained, tmp_path):
    models.save(trained, f"{tmp_path}/one.keras")
    models.save(models.load(f"{tmp_path}/one.keras"), f"{tmp_path}/two.keras")
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "two.keras").read_bytes()


def test_the_outputs_are_the_sigmoids_of_the_logits(trained, examples):
    logits = models.logits(trained)(examples[0])
    assert logits.shape == (300, 10)
    np.testing.assert_allclose(trained(examples[0]), 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_our_loss_is_the_one_that_keras_measures(trained, examples):
    from digits.scoring import answers, score

    measured = trained.evaluate(*examples, verbose=0, return_dict=True)
    scores = score(answers(models.logits(trained)(examples[0]), examples[1]), examples[1])
    assert scores["loss"] == pytest.approx(measured["loss"], abs=1e-4)
    assert scores["accuracy"] == pytest.approx(measured["accuracy"], abs=1e-6)


@pytest.mark.parametrize("content", [None, b"", b"no zip"])
def test_a_missing_or_damaged_model_is_refused(tmp_path, content):
    path = tmp_path / "basic.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"basic.keras cannot be loaded: .*`dvc repro`"):
        models.load(str(path))
