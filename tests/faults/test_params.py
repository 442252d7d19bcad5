"""Bad params.yaml files, over every key: one message, nothing touched."""

import itertools
import re

import pytest
import yaml

from digits.params import document
from tests import pipeline
from tests.faults.ending import fails, main_of, process_fails, repro_restores

GOOD = (pipeline.ROOT / "params.yaml").read_text()
STAGE = {
    "fetch": "fetch",
    "preprocess": "preprocess",
    "train": "train_basic",
    "train_hidden": "train_hidden",
    "robustness": "robustness",
}
KEYS = [(section, key) for section, keys in yaml.safe_load(GOOD).items() for key in keys]
NO_NUMBER = ["'5'", "five", "true", "yes", "no", "on", "[5]", "{a: 5}", "2026-01-01", "''", "~x"]
NO_INTEGER = [*NO_NUMBER, "5.0", "5.5", "-1", ".nan", ".inf", "-.inf", "1e3", "1e30"]
HUGE = [str(10**30), f"0x{'f' * 5000}"]
BAD = {
    "source": ["null", "5", "5.5", "true", "[]", "{}", "''", ".nan"],
    "sha256": ["null", "5", "true", "[]", "''", "abc", "'" + "A" * 64 + "'", "z" * 64, "a" * 65],
    "limit": [*NO_INTEGER, *HUGE, "0"],
    "seed": ["null", *NO_INTEGER, *HUGE],
    "learning_rate": [*NO_NUMBER, "null", "0", "-0.001", "1.5", ".nan", ".inf", "1e999", *HUGE],
}
LISTS = ["null", "5", "true", "{}", "[]", "['5']", "[true]", "[null]", "[0]", "[-1]", "[1, .nan]"]
CASES = [
    (section, key, value)
    for section, key in KEYS
    for value in BAD.get(key, LISTS if section == "robustness" else ["null", *NO_INTEGER, *HUGE])
]
CASES += [(section, key, "0") for section, key in KEYS if key in ("epochs", "batch_size", "units")]


def with_value(section, key, value):
    """The committed text with another value for one key."""
    start, found, rest = GOOD.partition(f"\n{section}:")
    assert found
    return (
        start
        + found
        + re.sub(rf"^  {key}: *[^#\n]*", f"  {key}: {value} ", rest, count=1, flags=re.M)
    )


@pytest.fixture
def refused(shared):
    def run(text, stage=None):
        if text is None:
            shared.path("params.yaml").unlink(missing_ok=True)
        else:
            shared.path("params.yaml").write_text(text)
        main = main_of(stage) if stage else lambda: document.check("params.yaml")
        return fails(shared, main)

    yield run
    shared.path("params.yaml").write_text(shared.run("git", "show", "HEAD:params.yaml"))


@pytest.mark.fault("params: a bad value", tried=len(CASES))
def test_a_bad_value_of_any_key(refused):
    for section, key, value in CASES:
        text = with_value(section, key, value)
        message = refused(text, STAGE[section])
        assert f"{section}.{key}" in message or "is not valid YAML" in message, value
        assert refused(text) == message


@pytest.mark.fault("params: a key that is missing, misspelt or twice there", tried=4 * len(KEYS))
def test_a_key_that_is_missing_misspelt_or_there_twice(refused):
    for section, key in KEYS:
        line = re.search(rf"\n{section}:.*?(\n  {key}:[^\n]*)", GOOD, re.DOTALL)[1]
        start, found, rest = GOOD.partition(f"\n{section}:")

        def changed(new, line=line, start=start, found=found, rest=rest):
            return start + found + rest.replace(line, new, 1)

        stage = STAGE[section]
        assert f"{section}.{key}: key is missing" in refused(changed("\n  other: 1"), stage)
        misspelt = line.replace(f"{key}:", f"{key}x:")
        assert f"did you mean '{key}'" in refused(changed(misspelt), stage)
        assert "is not valid YAML" in refused(changed(line + line), stage)
        assert f"{section}.surprise: unknown key" in refused(
            changed(line + "\n  surprise: 1"), stage
        )


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
    "control characters": "train: \x00\n",
    "UTF-16": GOOD.encode("utf-16").decode("latin-1"),
    "a date that is none": "train: 2026-99-99\n",
    "a set": "!!set {train}\n",
    "keys that are numbers": "1: 2\n",
    "a key of thousands of digits": f"? 0x{'f' * 5000}\n: 1\n",
    "such a key in a section": f"fetch: &x {{? 0x{'f' * 5000} : 1}}\npreprocess: *x\ntrain: *x\n"
    "train_hidden: *x\n",
    "another version of YAML": "%YAML 9.9\n---\ntrain: 1\n",
    "sections that are null": "fetch:\npreprocess:\ntrain:\ntrain_hidden:\n",
    "sections that are lists": "fetch: []\npreprocess: []\ntrain: []\ntrain_hidden: []\n",
    "a section in capitals": GOOD.replace("train:", "TRAIN:"),
    "all in one section": "all:\n" + GOOD.replace("\n", "\n  "),
}


@pytest.mark.fault("params: a bad file", tried=1 + len(STAGE))
@pytest.mark.parametrize("case", FILES)
def test_a_bad_file(refused, case):
    for stage in (None, *STAGE.values()):
        if case == "a section in capitals" and stage not in (None, "train_basic", "train_hidden"):
            continue
        assert "params.yaml" in refused(FILES[case], stage)


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
    repro_restores(project, lock)


@pytest.mark.fault("params: asking for more than there is", tried=2)
def test_holding_out_all_there_is(shared, refused):
    for count, said in ((300, "300"), (10**9, "1,000,000,000")):
        text = with_value("preprocess", "validation", count)
        message = refused(text, "preprocess")
        assert f"expected fewer than the 300 training examples, got {said}" in message


def test_there_are_as_many_as_the_promise_says():
    assert len(CASES) + 4 * len(KEYS) + len(FILES) > 60
    assert len(set(itertools.starmap(with_value, CASES))) == len(CASES)
