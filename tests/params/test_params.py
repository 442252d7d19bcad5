"""Good and bad params.yaml files: one message for each fault."""

import json
import re
from pathlib import Path

import pytest
import yaml

from digits.cli import parameters
from digits.errors import ParameterError
from digits.params import read_params
from digits.params.stages import FetchParams, RobustnessParams
from digits.params.train import TrainParams

DOCUMENT = yaml.safe_load(Path("params.yaml").read_text())
GOOD = json.dumps(DOCUMENT)
NAMES = DOCUMENT["models"]


@pytest.fixture
def params(tmp_path):
    """Write a params.yaml: a text, or the committed one with other sections."""

    def write(text="", **sections):
        path = tmp_path / "params.yaml"
        path.write_text(text or json.dumps(DOCUMENT | sections))
        return str(path)

    return write


def refused(path, schema=None):
    """Return the message about the file: of `schema`'s section alone, or of the whole file."""
    with pytest.raises(ParameterError) as fault:
        read_params(schema, str(path)) if schema else parameters.check(str(path))
    assert len(str(fault.value)) < 5000
    return str(fault.value)


def test_the_committed_file_is_valid():
    assert parameters.check() == DOCUMENT


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epochs", "'5'", "train.epochs: expected a valid integer, got '5'"),
        ("epochs", "0", "expected greater than or equal to 1, got 0"),
        ("epochs", f"0x{'f' * 5000}", "got a number of thousands of digits"),
        ("learning_rate", ".nan", "train.learning_rate: expected a finite number, got nan"),
        ("device", "tpu", "train.device: expected 'cpu' or 'gpu', got 'tpu'"),
    ],
)
def test_a_bad_value_of_section_train_ends_in_one_message(params, key, value, message):
    text = json.dumps(DOCUMENT | {"train": DOCUMENT["train"] | {key: "HERE"}})
    assert message in refused(params(text.replace('"HERE"', value)), TrainParams)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("source", ["null", "''"]),
        ("sha256", ["5", f"'{'A' * 64}'", "a" * 65]),
        ("classes", ["a", "[a]", "[a, a]", "[a, '']"]),
        ("prepare", ["MNIST"]),
        ("size", ["[28]", "[28, 28, 28]", "[7, 28]", "[28, 257]"]),
        ("held_out", ["0", "1"]),
    ],
)
def test_a_bad_value_of_section_fetch(params, key, values):
    for value in values:
        keys = DOCUMENT["fetch"] | {key: yaml.safe_load(value)}
        assert f"fetch.{key}" in refused(params(fetch=keys), FetchParams), value


def test_every_key_is_typed_and_required_and_has_a_misspelling(params):
    for section, keys in DOCUMENT.items():
        for key in keys if isinstance(keys, dict) else ():
            without = {name: value for name, value in keys.items() if name != key}
            misspelt = f"{section}.{key}x: unknown key; did you mean '{key}'?"
            cases = [
                (without | {f"{key}x": keys[key]}, misspelt),
                (keys | {key: {"a": 5}}, f"{section}.{key}: expected "),
            ]
            if parameters.sections()[section].model_fields[key].is_required():
                cases.append((without, f"{section}.{key}: key is missing"))
            for changed, message in cases:
                assert message in refused(params(**{section: changed}))


def test_a_stage_reads_its_own_sections_alone_and_reports_all_faults_of_one(params):
    path = params(train=DOCUMENT["train"] | {"epochs": -1, "batch_size": "x"})
    assert re.search(r"(?s)train\.epochs.*train\.batch_size", refused(path, TrainParams))
    assert read_params(FetchParams, params(train={})).seed == DOCUMENT["fetch"]["seed"]
    path = params(trains={})
    read_params(TrainParams, path)
    assert "unknown section 'trains'; did you mean 'train'" in refused(path)
    path = params(GOOD.replace('"train"', '"trian"'))
    assert "section 'train' is missing; did you mean 'trian'?" in refused(path, TrainParams)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "models: List should have at least 1 item after validation, not 0, got []"),
        ([NAMES[0]] * 2, "models: each name once, got ["),
        ([NAMES[0], "../x"], "models.1: String should match pattern"),
        ([f"{NAMES[0]}x"], f"no digits/models/{NAMES[0]}x.py with a function build; did you mean"),
    ],
)
def test_the_list_of_models_names_each_once_and_only_what_exists(params, value, message):
    assert message in refused(params(models=value))


def test_a_corruption_may_be_left_out_but_not_all(params):
    section = DOCUMENT["robustness"]
    path = params(robustness=section | {"blur": []})
    assert read_params(RobustnessParams, path).blur == []
    path = params(robustness={key: [] for key in section} | {"seed": 0})
    assert "robustness: at least one corruption" in refused(path, RobustnessParams)


FILES = {
    "missing": (None, "cannot be read"),
    "a comment": ("# nothing\n", "got nothing"),
    "no YAML": ("a: [\n", "is not valid YAML"),
    "a tag": ("train: !!python/object/apply:os.mkdir [unpickled]\n", "is not valid YAML"),
    "UTF-16": (GOOD.encode("utf-16"), "cannot be read"),
    "a date that is none": ("train: 2026-99-99\n", "is not valid YAML"),
    "a key of thousands of digits": (f"? 0x{'f' * 5000}\n: 1\n", "got a dict"),
    "such a key in a section": (f"train: {{? 0x{'f' * 5000} : 1}}\n", "train"),
    "null": (
        "train: null\n",
        "train: expected a valid dictionary or instance of TrainParams, got null",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_ends_in_one_message(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    content, message = FILES[case]
    if content is not None:
        Path("params.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert "params.yaml" in refused("params.yaml")
    assert message in refused("params.yaml", TrainParams)
    assert not Path("unpickled").exists()
