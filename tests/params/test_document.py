"""PyYAML, as it is set here, against the parser that DVC reads params.yaml with."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from digits.errors import ParameterError
from digits.params.document import leaves, parse, read_document

WORDS = """yes no on off y n true True TRUE tRue false null Null nUll ~ .nan .NaN .nAn .inf -.INF
1:30 010 1e-05 1e5 1.e5 .5e3 .5e-3 +.5e+3 0b11 0b2 0o17 0o8 0x1F 0x_1 1_000 1_0.5 1e1_0 0_ 08 00
-0 1.5 12e03 1e400 2001-01-01 2001-1-1 'a' '1' "\\x41" "yes" !!str&3 !!int&0o17 !!float&1""".split()  # noqa: SIM905
FORMS = st.text("0123456789+-.eE_xob:", min_size=1, max_size=8)
KEYS = st.one_of(st.sampled_from(WORDS), FORMS).map(lambda word: word.replace("&", " "))
SCALARS = st.one_of(KEYS, st.sampled_from(["=", "|\n  text", "text # comment", "two words"]))


def indented(text):
    return text.replace("\n", "\n  ")


def in_blocks(inner):
    """Lists and mappings over several lines; the keys may come twice."""
    child = inner.map(lambda text: f"\n  {indented(text)}")
    return st.one_of(
        st.lists(child.map(lambda text: f"-{text}"), min_size=1, max_size=3),
        st.lists(st.builds("{}:{}".format, KEYS, child), min_size=1, max_size=3),
    ).map("\n".join)


def in_brackets(inner):
    pairs = st.builds("{}: {}".format, KEYS, inner)
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(pairs, max_size=3).map(lambda items: "{" + ", ".join(items) + "}"),
    )


def outcome(load):
    """What comes of it, told apart by type as well; "refused" for any error."""
    try:
        return repr(load())
    except Exception:
        return "refused"


def outcomes(text):
    """Ours, and DVC's by the C parser and by the pure one."""
    dvc = [YAML(typ="safe", pure=pure) for pure in (False, True)]
    return [outcome(lambda: parse(text, "params.yaml"))] + [
        outcome(lambda parser=parser: parser.load(text)) for parser in dvc
    ]


@settings(max_examples=1000, deadline=None)
@given(st.recursive(SCALARS, in_blocks, max_leaves=6))
def test_a_document_means_what_it_means_to_dvc(text):
    ours, by_c, pure = outcomes(text)
    assert ours == by_c
    assert pure in (ours, "refused") or ours == "refused"  # DVC uses it where it lacks the other


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(st.recursive(KEYS, in_brackets, max_leaves=6))
def test_what_is_in_brackets_means_the_same_unless_one_refuses_it(text):
    """DVC's C parser refuses [1:30], PyYAML takes it; neither does harm."""
    ours, by_c, pure = outcomes(text)
    assert by_c in (ours, "refused")
    assert "refused" in (ours, by_c) or pure == ours


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("1e-05", 1e-5),
        ("1_000", 1000),
        ("-.inf", float("-inf")),
        ("off", "off"),
        ("TRUE", True),
        ("~", None),
    ],
)
def test_a_scalar_is_read_by_yaml_1_2(text, value):
    got = parse(f"key: {text}", "params.yaml")["key"]
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2", "a: {b: 1, b: 2}", "- {b: 1, b: 1}", "1: a\n0o1: b", "[{a: 1, a: 1}]"]
)
def test_a_key_that_is_there_twice_is_refused_at_any_depth(text):
    with pytest.raises(ParameterError, match="is there twice"):
        parse(text, "params.yaml")
    assert outcomes(text) == ["refused"] * 3


def test_merged_keys_may_be_overridden():
    text = "base: &base {a: 1, b: 2}\nmine: {<<: *base, b: 3}"
    assert parse(text, "params.yaml")["mine"] == {"a": 1, "b": 3}
    assert len(set(outcomes(text))) == 1


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xef\xbb\xbftrain:\r\n  epochs: 5\r\n")
    assert read_document(str(path)) == {"train": {"epochs": 5}}


def test_the_leaves_of_a_document_have_dotted_names():
    document = {"models": ["a"], "train": {"seed": 0, "of": {1: None}}, "empty": {}}
    assert leaves(document) == {"models": ["a"], "train.seed": 0, "train.of.1": None}
