"""Bad params.yaml files, over every key: one message, nothing touched."""

import itertools
import json

import pytest
import yaml

from digits.cli import parameters
from tests import pipeline
from tests.faults.ending import fails, main_of, process_fails, repro_restores
from tests.test_map import MAP

GOOD = (pipeline.ROOT / "params.yaml").read_text()
SECTIONS = yaml.safe_load(GOOD)
STAGE = {
    section: next(stage for stage in MAP if section in MAP[stage].get("params", []))
    for section in SECTIONS
}
"""One that reads the section."""
KEYS = [(name, key) for name, keys in SECTIONS.items() if isinstance(keys, dict) for key in keys]
NO_NUMBER = ["'5'", "five", "true", "yes", "no", "on", "[5]", "{a: 5}", "2026-01-01", "''", "~x"]
NO_INTEGER = [*NO_NUMBER, "5.0", "5.5", "-1", ".nan", ".inf", "-.inf", "1e3", "1e30"]
HUGE = [str(10**30), f"0x{'f' * 5000}"]
LISTS = ["null", "5", "true", "{}", "['5']", "[true]", "[null]", "[0]", "[-1]", "[1, .nan]"]
BAD = {
    "source": ["null", "5", "5.5", "true", "[]", "{}", "''", ".nan"],
    "sha256": ["5", "true", "[]", "''", "abc", "'" + "A" * 64 + "'", "z" * 64, "a" * 65],
    "title": ["5", "true", "[]", "{}", "''"],
    "classes": ["5", "true", "a", "{}", "[]", "[a]", "[a, a]", "[a, 5]", "[a, '']"],
    "prepare": ["null", "5", "true", "[]", "MNIST", "scale"],
    "size": ["5", "true", "a", "{}", "[]", "[28]", "[28, 28, 28]", "[7, 28]", "[28, 257]"],
    "held_out": [*NO_NUMBER, "null", "0", "1", "-0.1", ".nan", ".inf", *HUGE],
    "limit": [*NO_INTEGER, *HUGE, "0"],
    "seed": ["null", *NO_INTEGER, *HUGE],
    "learning_rate": [*NO_NUMBER, "null", "0", "-0.001", "1.5", ".nan", ".inf", "1e999", *HUGE],
}


def bad(section, key):
    """Values that a key must not have."""
    if key in BAD:
        return BAD[key]
    if isinstance(SECTIONS[section][key], list):
        return LISTS
    if section == "train_augmented" and key not in ("epochs", "batch_size"):
        return [*NO_NUMBER, "null", "-1", ".nan", ".inf", *HUGE]
    return ["null", *NO_INTEGER, *HUGE]


CASES = [(section, key, value) for section, key in KEYS for value in bad(section, key)]
CASES += [(section, key, "0") for section, key in KEYS if key in ("epochs", "batch_size", "units")]
CASES += [
    ("models", None, each)
    for each in [*LISTS, "[]", "a", "[A]", "[../a]", "[a, a]", "[a b]", "['']"]
]


def text_of(sections):
    """The text of a params.yaml, a line for each key."""
    lines = []
    for name, keys in sections.items():
        if isinstance(keys, dict):
            lines += [f"{name}:", *(f"  {key}: {json.dumps(keys[key])}" for key in keys)]
        else:
            lines.append(f"{name}: {json.dumps(keys)}")
    return "\n".join([*lines, ""])


def with_value(section, key, value):
    """The committed text with another value for one key, or for a section as a whole."""
    changed = SECTIONS[section] | {key: "PUT"} if key else "PUT"
    return text_of(SECTIONS | {section: changed}).replace('"PUT"', value)


def with_line(section, key, line):
    """The committed text in which the line of one key is another."""
    value = json.dumps(SECTIONS[section][key])
    text = with_value(section, key, "PUT")
    return text.replace(f"{key}: PUT", line.format(value=value))


@pytest.fixture
def refused(shared):
    def run(text, stage=None):
        if text is None:
            shared.path("params.yaml").unlink(missing_ok=True)
        else:
            shared.path("params.yaml").write_text(text)
        return fails(shared, main_of(stage) if stage else parameters.check)

    yield run
    shared.path("params.yaml").write_text(shared.run("git", "show", "HEAD:params.yaml"))


@pytest.mark.fault("params: a bad value", tried=len(CASES))
def test_a_bad_value_of_any_key(refused):
    for section, key, value in CASES:
        text = with_value(section, key, value)
        message = refused(text, STAGE[section])
        name = f"{section}.{key}" if key else section
        assert name in message or "is not valid YAML" in message, value
        assert refused(text) == message


@pytest.mark.fault("params: a key that is missing, misspelt or twice there", tried=4 * len(KEYS))
def test_a_key_that_is_missing_misspelt_or_there_twice(refused):
    for section, key in KEYS:
        for line, said in {
            "other: 1": f"{section}.{key}: key is missing",
            f"{key}x: {{value}}": f"did you mean '{key}'",
            f"{key}: {{value}}\n  {key}: {{value}}": "is not valid YAML",
            f"{key}: {{value}}\n  surprise: 1": f"{section}.surprise: unknown key",
        }.items():
            assert said in refused(with_line(section, key, line), STAGE[section])


LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
FILES = {
    "missing": None,
    "empty": "",
    "a comment": "# nothing\n",
    "a list": "- 1\n",
    "a word": "train\n",
    "a number": "5\n",
    "null": "null\n",
    "no YAML": "a: [\n",
    "tabs": "train:\n\tepochs: 5\n",
    "two documents": f"{GOOD}\n---\n{GOOD}",
    "a section twice": f"{GOOD}\ntrain:\n  seed: 0\n",
    "a tag that makes objects": "train: !!python/object/apply:os.mkdir [unpickled]\n",
    "an unknown tag": "train: !other {}\n",
    "an alias to nothing": "train: *nothing\n",
    "a circle": "train: &a {seed: *a}\n",
    "a billion laughs": f"{LAUGHS}train: *a29\n",
    "brackets without end": "[" * 100_000,
    "dashes without end": "- " * 100_000,
    "control characters": "train: \x00\n",
    "UTF-16": GOOD.encode("utf-16").decode("latin-1"),
    "a date that is none": "train: 2026-99-99\n",
    "a set": "!!set {train}\n",
    "keys that are numbers": "1: 2\n",
    "a key of thousands of digits": f"? 0x{'f' * 5000}\n: 1\n",
    "such a key in each section": "".join(
        f"{name}: {{? 0x{'f' * 5000} : 1}}\n" for name in SECTIONS
    ),
    "another version of YAML": "%YAML 9.9\n---\ntrain: 1\n",
    "sections that are null": text_of(dict.fromkeys(SECTIONS)),
    "sections that are lists": text_of({name: [] for name in SECTIONS}),
    "sections in capitals": text_of({name.upper(): keys for name, keys in SECTIONS.items()}),
    "all in one section": yaml.safe_dump({"all": SECTIONS}),
}


@pytest.mark.fault("params: a bad file", tried=1 + len(STAGE))
@pytest.mark.parametrize("case", FILES)
def test_a_bad_file(refused, shared, case):
    for stage in (None, *STAGE.values()):
        assert "params.yaml" in refused(FILES[case], stage)
    assert not shared.path("unpickled").exists()


@pytest.mark.fault("params: a bad file, in a process")
@pytest.mark.parametrize("case", ["missing", "no YAML", "a circle"])
def test_a_bad_file_in_a_process_and_dvc_afterwards(project, case):
    lock = project.path("dvc.lock").read_bytes()
    good = project.path("params.yaml").read_text()
    project.path("params.yaml").unlink()
    if FILES[case]:
        project.path("params.yaml").write_text(FILES[case])
    process_fails(project, "preprocess")
    assert project.run("dvc", "repro", code=255).count("ERROR") >= 1
    assert project.path("dvc.lock").read_bytes() == lock
    project.path("params.yaml").write_text(good)
    repro_restores(project)


@pytest.mark.fault("params: asking for more than there is", tried=2)
def test_holding_out_all_there_is(refused):
    for count, said in ((300, "300"), (10**9, "1,000,000,000")):
        message = refused(with_value("preprocess", "validation", str(count)), "preprocess")
        assert f"expected fewer than the 300 training examples, got {said}" in message


@pytest.mark.fault("params: a model that has no file", tried=2)
def test_a_model_that_has_no_file(refused):
    text = with_value("models", None, "[nowhere]")
    assert "there is no digits/models/nowhere.py" in refused(text)
    assert "models/nowhere.keras" in refused(text, STAGE["models"])


def test_there_are_as_many_as_the_promise_says():
    assert len(CASES) + 4 * len(KEYS) + len(FILES) > 60
    assert len(set(itertools.starmap(with_value, CASES))) == len(CASES)
