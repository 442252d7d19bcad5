import json
import zipfile
from functools import partial

import numpy as np
import pytest

from digits.backend import keras
from digits.data.loading import Examples
from digits.models import basic, hidden, history
from digits.params.train import TrainParams
from digits.training.saving import save
from digits.training.train import train

RECIPE = TrainParams(seed=3, epochs=1, batch_size=32, learning_rate=0.01, workers=1, device="cpu")


@pytest.fixture(scope="module", params=[basic.build, partial(hidden.build, units=16)])
def trained(request, examples):
    none = Examples(examples.images[:0], examples.labels[:0])
    return train(request.param, examples, none, RECIPE)[0]


def test_the_models_of_the_recipe():
    assert basic.build(784, 10).count_params() == 7_850
    large = hidden.build(784, 10, 100)
    assert large.count_params() == 79_510
    assert [layer.activation.__name__ for layer in large.layers] == ["relu", "sigmoid"]


def test_the_epochs_of_a_history_are_counted_from_one(tmp_path, capsys):
    path = tmp_path / "basic.csv"
    history.keep(str(path), 5, [{"loss": 0.5}, {"loss": 0.25}])
    assert path.read_bytes() == b"epoch,loss\n1,0.5\n2,0.25\n"
    assert capsys.readouterr().out == "basic: epoch 2/5, loss 0.2500\n"


@pytest.mark.fault("field: notebooks and other checkouts")
def test_settings_that_are_off_by_default_are_left_out_for_older_releases_of_keras(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=False)])
    save(model, f"{tmp_path}/model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        dense = json.loads(archive.read("config.json"))["config"]["layers"][1]["config"]
    settings = model.layers[0].get_config()
    assert settings.keys() - dense.keys() == {
        *("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint"),
        "quantization_config",  # which Keras 3.14 and older refuse, as they do the next two
    }
    initializer = settings["kernel_initializer"]["config"], dense["kernel_initializer"]["config"]
    assert initializer[0].keys() - initializer[1].keys() == {"seed", "input_axes", "output_axes"}
    assert (dense["use_bias"], dense["activation"], dense["units"]) == (False, "linear", 2)


def test_keras_alone_opens_a_saved_model_compiled_and_trained(trained, tmp_path, examples):
    save(trained, f"{tmp_path}/model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer, keras.optimizers.Adam)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.01)
    assert int(loaded.optimizer.iterations) == 10
    assert loaded.loss == "sparse_categorical_crossentropy"
    np.testing.assert_array_equal(loaded(examples[0]), trained(examples[0]))


def test_a_loaded_model_learns_on_as_the_saved_one_would(trained, tmp_path, examples):
    save(trained, f"{tmp_path}/model.keras")
    first, second = (keras.models.load_model(tmp_path / "model.keras") for _ in range(2))
    first.train_on_batch(*examples)
    save(first, f"{tmp_path}/first.keras")
    second.train_on_batch(*examples)
    save(second, f"{tmp_path}/second.keras")
    assert int(first.optimizer.iterations) == 11
    assert (tmp_path / "first.keras").read_bytes() == (tmp_path / "second.keras").read_bytes()


def test_saving_again_what_was_loaded_gives_the_same_bytes(trained, tmp_path):
    save(trained, f"{tmp_path}/one.keras")
    save(keras.models.load_model(f"{tmp_path}/one.keras"), f"{tmp_path}/two.keras")
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "two.keras").read_bytes()
