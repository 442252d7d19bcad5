"""PyYAML, as it is set here, against the parser that DVC reads params.yaml with."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from digits.errors import ParameterError
from digits.params.document import parse, read_document

WORDS = """yes no on off y n true True TRUE false null Null ~ .nan .NaN .inf -.INF = 1:30 010
1e-05 1e5 1.e5 .5e3 .5e-3 +.5e+3 0b11 0o17 0x1F 1_000 0_ 08 00 -0 1.5 12e03 2001-01-01""".split()  # noqa: SIM905
NUMBERS = st.text("0123456789+-.eE_xob", min_size=1, max_size=8)
SCALARS = st.one_of(st.sampled_from(WORDS), NUMBERS)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"k{i}: {item}" for i, item in enumerate(items)) + "}"
        ),
    ),
    max_leaves=6,
)


def outcome(load):
    """What comes of it, told apart by type as well; "refused" for any error."""
    try:
        return repr(load())
    except Exception:
        return "refused"


@settings(max_examples=1500, deadline=None)
@given(DOCUMENTS)
def test_the_values_are_those_that_dvc_sees(value):
    text = f"key: {value}\n"
    ours = outcome(lambda: parse(text, "params.yaml"))
    for pure in (False, True):
        theirs = outcome(lambda pure=pure: YAML(typ="safe", pure=pure).load(text))
        assert theirs in (ours, "refused")  # what DVC refuses does no harm


def test_a_key_that_is_there_twice_is_refused_at_any_depth():
    for text in ("a: 1\na: 2", "a: {b: 1, b: 2}", "- {b: 1, b: 1}"):
        with pytest.raises(ParameterError, match="is there twice"):
            parse(text, "params.yaml")
        assert outcome(lambda text=text: YAML(typ="safe").load(text)) == "refused"


def test_merged_keys_may_be_overridden():
    text = "base: &base {a: 1, b: 2}\nmine: {<<: *base, b: 3}"
    assert parse(text, "params.yaml")["mine"] == {"a": 1, "b": 3}


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xef\xbb\xbftrain:\r\n  epochs: 5\r\n")
    assert read_document(str(path)) == {"train": {"epochs": 5}}
