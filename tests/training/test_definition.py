"""What a model's file may define, and how a stage finds the file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import digits.models
from digits.backend import keras
from digits.data.loading import Examples
from digits.errors import ParameterError
from digits.models import basic, hidden
from digits.training.definition import read_definition
from digits.training.train import train
from tests.conftest import info_of

PLAIN = """
from digits.backend import keras

def build(pixels, classes):
    return keras.Sequential([keras.Input((pixels,)), keras.layers.Dense(classes)], name="plain")
"""
FULL = """
import numpy as np
from pydantic import Field
from digits.backend import keras
from digits.params import Section

class Params(Section, section="train_full"):
    units: int = Field(ge=1)
    learning_rate: float
    darker: float
    smoothing: float

def build(pixels, classes, units, size):
    body = [keras.layers.Reshape(size), keras.layers.Flatten(), keras.layers.Dense(units)]
    return keras.Sequential([keras.Input((pixels,)), *body, keras.layers.Dense(classes)])

def optimizer(params, steps):
    decay = keras.optimizers.schedules.CosineDecay(params.learning_rate, steps * params.epochs)
    return keras.optimizers.SGD(decay)

def loss(smoothing):
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

def augment(images, random, size, params):
    assert images.shape[1] == size[0] * size[1]
    return images * np.float32(params.darker)
"""
TRAIN = {"epochs": 5, "batch_size": 32, "learning_rate": 0.5}
TRAIN |= {"seed": 3, "workers": 1, "device": "cpu", "patience": None}
OWN = {"units": 4, "epochs": 2, "learning_rate": 0.1, "darker": 0.5, "smoothing": 0.2}


@pytest.fixture
def define(tmp_path, monkeypatch, dataset):
    """Read a model of two, by the content of params.yaml."""
    (tmp_path / "plain.py").write_text(PLAIN)
    (tmp_path / "full.py").write_text(FULL)
    monkeypatch.setattr(digits.models, "__path__", [str(tmp_path)])
    monkeypatch.chdir(tmp_path)

    def read(name, **sections):
        Path("params.yaml").write_text(yaml.safe_dump({"train": TRAIN, **sections}))
        return read_definition(name, info_of(dataset))

    yield read
    for name in ("plain", "full"):
        sys.modules.pop(f"digits.models.{name}", None)


def test_the_sizes_of_the_committed_models():
    assert basic.build(784, 10).count_params() == 7_850
    large = hidden.build(784, 10, 100)
    assert large.count_params() == 79_510
    assert [layer.activation.__name__ for layer in large.layers] == ["relu", "sigmoid"]


def test_a_model_without_anything_of_its_own_and_a_section_that_replaces_values_of_train(define):
    definition = define("plain")
    assert definition["build"](784, 10).count_params() == 7_850
    assert (dict(definition["params"]), definition["classes"]) == (TRAIN, 10)
    own = {"epochs": 1, "batch_size": 8, "learning_rate": 0.25, "patience": 4}
    assert dict(define("plain", train_plain=own)["params"]) == TRAIN | own
    assert dict(define("full", train_full=OWN | own)["params"]) == TRAIN | OWN | own
    with pytest.raises(ParameterError, match="unknown key; did you mean 'epochs'"):
        define("plain", train_plain={"epoch": 1})


@pytest.mark.usefixtures("eager")
def test_a_model_with_parameters_optimizer_loss_and_augmentation_of_its_own(define, examples):
    definition = define("full", train_full=OWN)
    assert dict(definition["params"]) == TRAIN | OWN
    halved = Examples(np.array(examples.images) / 2, np.array(examples.labels))
    found = []
    for changes, some in (({}, examples), ({"augment": None}, halved)):
        model, _ = train(training=some, validation=some, **definition | changes)
        found.append([weight.numpy().tolist() for weight in model.weights])
    assert found[0] == found[1]
    assert [weight.shape for weight in model.weights] == [(784, 4), (4,), (4, 10), (10,)]
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert int(model.optimizer.iterations) == 20
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)
    assert model.loss.label_smoothing == 0.2


@pytest.mark.parametrize("arguments", [[], ["../hidden"]])
def test_a_stage_of_a_model_that_is_not_there(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "stages.train", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: python -m stages.train NAME: expected a model of ")
    assert done.stderr.endswith(f", got {' '.join(arguments) or 'none'}\n")
    assert done.stderr.count("\n") == 1
