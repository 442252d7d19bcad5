"""Good and bad params.yaml files: one message for each fault."""

import json
import re
from pathlib import Path

import pytest
import yaml

from digits.cli import parameters
from digits.errors import ParameterError
from digits.params import read_params
from digits.params.fetch import FetchParams
from digits.params.preprocess import PreprocessParams
from digits.params.robustness import RobustnessParams
from digits.params.train import TrainParams

GOOD = Path("params.yaml").read_text()
DOCUMENT = yaml.safe_load(GOOD)
LISTED = re.search(r"^models: (\[.*\])", GOOD, re.MULTILINE)[1]
KEYS = [(name, key) for name, keys in DOCUMENT.items() if isinstance(keys, dict) for key in keys]


@pytest.fixture
def params(tmp_path):
    """Write params.yaml with one piece of the committed text replaced."""

    def write(old="", new=""):
        assert old in GOOD
        path = tmp_path / "params.yaml"
        path.write_text(GOOD.replace(old, new, 1))
        return str(path)

    return write


def refused(path, schema=None):
    """Return the message about the file: of `schema`'s section alone, or of the whole file."""
    with pytest.raises(ParameterError) as fault:
        read_params(schema, str(path)) if schema else parameters.check(str(path))
    assert len(str(fault.value)) < 5000
    return str(fault.value)


def test_the_committed_file_is_valid_and_its_reference_recipe_is_kept(params):
    parameters.check(params())
    assert read_params(TrainParams, params()) == TrainParams(
        seed=0, epochs=5, batch_size=32, learning_rate=0.001, patience=None, workers=1, device="cpu"
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
        ("epochs: 5", "epochs: [5]", "train.epochs: expected a valid integer, got [5]"),
        ("epochs: 5", "epochs: 2026-01-01", "train.epochs: expected a valid integer, got "),
        ("epochs: 5", "epochs: 0", "expected greater than or equal to 1, got 0"),
        ("epochs: 5", f"epochs: {10**30}", "expected less than or equal to 10000, got 1"),
        ("epochs: 5", f"epochs: 0x{'f' * 5000}", "got a number of thousands of digits"),
        ("seed: 0", "seed: -1", "train.seed: expected greater than or equal to 0, got -1"),
        ("0.001", ".nan", "train.learning_rate: expected a finite number, got nan"),
        ("0.001", "1e999", "train.learning_rate: expected a finite number, got inf"),
        ("0.001", "0", "train.learning_rate: expected greater than 0, got 0"),
        ("0.001", "yes", "train.learning_rate: expected a valid number, got 'yes'"),
        ("device: cpu", "device: tpu", "train.device: expected 'cpu' or 'gpu', got 'tpu'"),
        ("epochs: 5", "epochs: 5\n  epochs: 6", 'found duplicate key "epochs"'),
        ("train:  ", "trian:  ", "section 'train' is missing; did you mean 'trian'?"),
    ],
)
def test_a_bad_train_section_ends_in_one_message(params, old, new, message):
    before, start, after = GOOD.partition("train:")
    path = params(GOOD, before + (start + after).replace(old, new, 1))
    assert message in refused(path, TrainParams)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("source", ["null", "5", "[]", "''"]),
        ("sha256", ["5", "abc", f"'{'A' * 64}'", "a" * 65]),
        ("title", ["5", "''"]),
        ("classes", ["a", "[]", "[a]", "[a, a]", "[a, 5]", "[a, '']"]),
        ("prepare", ["null", "MNIST"]),
        ("size", ["5", "[28]", "[28, 28, 28]", "[7, 28]", "[28, 257]"]),
        ("held_out", ["0", "1", "'0.5'"]),
    ],
)
def test_a_bad_value_of_section_fetch(params, key, values):
    for value in values:
        keys = DOCUMENT["fetch"] | {key: yaml.safe_load(value)}
        path = params(GOOD, json.dumps(DOCUMENT | {"fetch": keys}))
        assert f"fetch.{key}" in refused(path, FetchParams), value


def test_every_key_is_typed_and_required_and_has_a_misspelling(params):
    schemas = parameters.sections()
    for section, key in KEYS:
        keys = dict(DOCUMENT[section])
        value = keys.pop(key)
        for changed, message in [
            (keys, f"{section}.{key}: key is missing"),
            (keys | {f"{key}x": value}, f"{section}.{key}x: unknown key; did you mean '{key}'?"),
            (keys | {key: {"a": 5}}, f"{section}.{key}: expected "),
            (keys | {key: [{}]}, f"{section}.{key}"),
        ]:
            path = params(GOOD, json.dumps(DOCUMENT | {section: changed}))
            assert message in refused(path, schemas[section])
            assert message in refused(path)


def test_all_faults_of_a_section_are_reported_at_once(params):
    path = params("epochs: 5\n  batch_size: 32", "epochs: -1\n  batch_size: x")
    assert re.search(r"(?s)train\.epochs.*train\.batch_size", refused(path, TrainParams))


def test_a_stage_reads_its_own_sections_alone(params):
    assert read_params(FetchParams, params("epochs: 5", "epochs: -5")).source == "mnist"
    path = params("train:  ", "trains: {}\ntrain:  ")
    read_params(TrainParams, path)
    assert "unknown section 'trains'; did you mean 'train'" in refused(path)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[]", "models: expected 1 values or more, got []"),
        ("basic", "models: expected a valid list, got 'basic'"),
        ("[basic, basic]", "models: expected each name once, got ['basic', 'basic']"),
        ("[basic, ../x]", "models.1: expected text of the form"),
        ("[basic, hiden]", "no digits/models/hiden.py with a function build; did you mean 'hid"),
        ("[basic, __init__]", "models.1: expected text of the form"),
    ],
)
def test_the_list_of_models_names_each_once_and_only_what_exists(params, value, message):
    assert message in refused(params(LISTED, value))


def test_a_corruption_may_be_left_out_but_not_all(params):
    path = params("inversion: [1]", "inversion: []")
    assert read_params(RobustnessParams, path).inversion == []
    path = params(GOOD, re.sub(r"^(  [a-z]+:) \[.*?\]", r"\1 []", GOOD, flags=re.MULTILINE))
    assert "robustness: expected at least one corruption" in refused(path, RobustnessParams)


FILES = {
    "missing": (None, "cannot be read"),
    "empty": ("", "got nothing"),
    "a comment": ("# nothing\n", "got nothing"),
    "a list": ("- 1\n", "got a list"),
    "a word": ("train\n", "got a str"),
    "no YAML": ("a: [\n", "is not valid YAML"),
    "tabs": ("train:\n\tepochs: 5\n", "is not valid YAML"),
    "two documents": (f"{GOOD}\n---\n{GOOD}", "is not valid YAML"),
    "a section twice": (f"{GOOD}\ntrain:\n  seed: 0\n", 'duplicate key "train"'),
    "a tag": ("train: !!python/object/apply:os.mkdir [unpickled]\n", "is not valid YAML"),
    "an alias to nothing": ("train: *nothing\n", "found undefined alias"),
    "a circle": ("train: &a {seed: *a}\n", "is not valid YAML"),
    "control characters": ("train: \x00\n", "is not valid YAML"),
    "UTF-16": (GOOD.encode("utf-16"), "cannot be read"),
    "a date that is none": ("train: 2026-99-99\n", "is not valid YAML"),
    "a set": ("!!set {train}\n", "got a set"),
    "keys that are numbers": ("1: 2\n", "got a dict"),
    "a key of thousands of digits": (f"? 0x{'f' * 5000}\n: 1\n", "got a dict"),
    "such a key in a section": (f"train: {{? 0x{'f' * 5000} : 1}}\n", "train"),
    "another version of YAML": ("%YAML 9.9\n---\ntrain: 1\n", "is not valid YAML"),
    "null": ("train: null\n", "train: expected keys and values, got null"),
    "another list": ("train: []\n", "train: expected keys and values, got []"),
    "capitals": (GOOD.upper(), "section 'train' is missing"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_ends_in_one_message(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    content, message = FILES[case]
    if content is not None:
        content = content if isinstance(content, bytes) else content.encode()
        Path("params.yaml").write_bytes(content)
    for schema in (TrainParams, None):
        assert "params.yaml" in refused("params.yaml", schema)
    assert message in refused("params.yaml", TrainParams)
    assert not Path("unpickled").exists()
