import re
from pathlib import Path

import pytest

from digits.cli import parameters
from digits.errors import ParameterError
from digits.params import read_params
from digits.params.fetch import FetchParams
from digits.params.preprocess import PreprocessParams
from digits.params.robustness import RobustnessParams
from digits.params.train import TrainParams

GOOD = Path("params.yaml").read_text()


@pytest.fixture
def params(tmp_path):
    """Write params.yaml with one piece of the committed text replaced."""

    def write(old="", new=""):
        assert old in GOOD
        path = tmp_path / "params.yaml"
        path.write_text(GOOD.replace(old, new, 1))
        return str(path)

    return write


def test_the_committed_file_holds_every_section_and_the_reference_recipe(params):
    parameters.check(params())
    recipe = read_params(TrainParams, params())
    assert recipe == TrainParams(
        seed=0, epochs=5, batch_size=32, learning_rate=0.001, workers=1, device="cpu"
    )
    assert read_params(PreprocessParams, params()).limit is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs: 5", "epoch: 5", "train.epoch: unknown key; did you mean 'epochs'?"),
        ("epochs: 5", "epoch: 5", "train.epochs: key is missing"),
        ("epochs: 5", "epochs: '5'", "train.epochs: expected a valid integer, got '5'"),
        ("epochs: 5", "epochs: 5.0", "train.epochs: expected a valid integer, got 5.0"),
        ("epochs: 5", "epochs: true", "train.epochs: expected a valid integer, got True"),
        ("epochs: 5", "epochs: null", "train.epochs: expected a valid integer, got null"),
        ("epochs: 5", "epochs: 0", "expected greater than or equal to 1, got 0"),
        ("0.001", ".nan", "train.learning_rate: expected a finite number, got nan"),
        ("0.001", "0", "train.learning_rate: expected greater than 0, got 0"),
        ("epochs: 5", "epochs: 5\n  epochs: 6", "the key 'epochs' is there twice"),
        ("train:  ", "trian:  ", "section 'train' is missing; did you mean 'trian'?"),
        (GOOD, "[1, 2]", "expected sections (name: keys and values), got a list"),
        (GOOD, "", "expected sections (name: keys and values), got nothing"),
        (GOOD, "train: 3", "train: expected keys and values, got 3"),
        (GOOD, "a: [", "is not valid YAML"),
    ],
)
def test_a_bad_train_section_ends_in_one_message(params, old, new, message):
    with pytest.raises(ParameterError) as fault:
        read_params(TrainParams, params(old, new))
    assert message in str(fault.value)


def test_all_that_is_wrong_with_a_section_is_said_at_once(params):
    path = params("epochs: 5\n  batch_size: 32", "epochs: -1\n  batch_size: x")
    with pytest.raises(ParameterError, match=r"(?s)train\.epochs.*train\.batch_size"):
        read_params(TrainParams, path)


def test_an_unknown_section_is_found_when_the_whole_file_is_checked(params):
    with pytest.raises(ParameterError, match="unknown section 'trains'; did you mean 'train'"):
        parameters.check(params("train:  ", "trains: {}\ntrain:  "))


def test_a_stage_is_not_bothered_by_faults_in_the_sections_it_does_not_read(params):
    assert read_params(FetchParams, params("epochs: 5", "epochs: -5")).source == "mnist"


def test_numbers_are_read_as_dvc_reads_them(params):
    assert read_params(TrainParams, params("0.001", "1e-05")).learning_rate == 1e-5


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"params\.yaml cannot be read"):
        read_params(TrainParams, str(tmp_path / "params.yaml"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[]", "models: expected 1 values or more, got []"),
        ("basic", "models: expected a valid list, got 'basic'"),
        ("[basic, basic]", "models: expected each model once, got ['basic', 'basic']"),
        ("[basic, ../x]", "models.1: expected text of the form"),
        ("[basic, hiden]", "no digits/models/hiden.py with a function build; did you mean 'hid"),
        ("[basic, training]", "no digits/training/train.py with a function build"),
    ],
)
def test_the_list_of_models_names_each_once_and_only_what_is_there(params, value, message):
    with pytest.raises(ParameterError) as fault:
        parameters.check(params("[basic, hidden, augmented]", value))
    assert message in str(fault.value)


def test_a_corruption_may_be_left_out_but_not_all(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(GOOD.replace("inversion: [1]", "inversion: []"))
    assert read_params(RobustnessParams, str(path)).inversion == []
    path.write_text(re.sub(r"^(  [a-z]+:) \[.*?\]", r"\1 []", GOOD, flags=re.MULTILINE))
    with pytest.raises(ParameterError, match="robustness: expected at least one corruption"):
        read_params(RobustnessParams, str(path))
