from functools import partial

import numpy as np
import pytest

from digits.backend import keras
from digits.data.loading import Examples
from digits.models import basic, hidden
from digits.params.train import TrainParams
from digits.training.saving import save
from digits.training.train import train

PARAMS = TrainParams(seed=3, epochs=1, batch_size=32, learning_rate=0.01, workers=1, device="cpu")


@pytest.fixture(scope="module", params=[basic.build, partial(hidden.build, units=16)])
def trained(request, examples):
    none = Examples(examples.images[:0], examples.labels[:0])
    return train(request.param, examples, none, PARAMS)[0]


def test_the_parameters_of_the_models():
    assert basic.build(784, 10).count_params() == 7_850
    large = hidden.build(784, 10, 100)
    assert large.count_params() == 79_510
    assert [layer.activation.__name__ for layer in large.layers] == ["relu", "sigmoid"]


def test_keras_alone_opens_a_saved_model_compiled_and_trained(trained, tmp_path, examples):
    """Saved again it is the same bytes, and both learn on alike."""
    one, two, three = (tmp_path / f"{name}.keras" for name in ("one", "two", "three"))
    save(trained, str(one))
    loaded = keras.models.load_model(one)
    assert isinstance(loaded.optimizer, keras.optimizers.Adam)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.01)
    assert int(loaded.optimizer.iterations) == 10
    assert loaded.loss == "sparse_categorical_crossentropy"
    np.testing.assert_array_equal(loaded(examples[0]), trained(examples[0]))
    save(loaded, str(two))
    assert two.read_bytes() == one.read_bytes()
    for model, path in ((loaded, two), (keras.models.load_model(one), three)):
        model.train_on_batch(*examples)
        save(model, str(path))
    assert int(loaded.optimizer.iterations) == 11
    assert three.read_bytes() == two.read_bytes() != one.read_bytes()
