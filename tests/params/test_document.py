"""YAML as DVC reads it, within limits."""

import pytest
from dvc.utils.serialize import parse_yaml

from digits.errors import ParameterError
from digits.params.document import MAX_NODES, leaves, parse, read_document

WORDS = """yes off y true TRUE null ~ .nan .inf -.INF 1:30 010 1e-05 1e5 .5e3 0b11 0o17 0x1F 1_000
1_0.5 2001-01-01 'a' "\\x41" [1,2] {a:&1} !!str&3 !!float&1 {<<:&{a:&1}} [a,a] ? - : *x""".split()  # noqa: SIM905


@pytest.mark.parametrize("word", WORDS)
def test_a_value_is_what_it_is_to_dvc(word):
    text = f"key: {word.replace('&', ' ')}"
    try:
        wanted = repr(parse_yaml(text, "params.yaml"))
    except Exception:
        with pytest.raises(ParameterError, match=r"^params\.yaml is not valid YAML: ."):
            parse(text, "params.yaml")
    else:
        assert repr(parse(text, "params.yaml")) == wanted


@pytest.mark.parametrize("text", ["a: 1\na: 2", "- {b: 1, b: 1}", "1: a\n0o1: b"])
def test_a_key_that_occurs_twice_is_refused_at_any_depth(text):
    with pytest.raises(ParameterError, match="found duplicate key"):
        parse(text, "params.yaml")
    merged = parse("base: &base {a: 1, b: 2}\nmine: {<<: *base, b: 3}", "params.yaml")
    assert merged["mine"] == {"a": 1, "b": 3}


def laughs(form):
    """A text of a kilobyte that holds 9^30 values: lists of aliases, or keys that are merged."""
    names = [", ".join([f"*a{n - 1}"] * 9) for n in range(1, 30)]
    lines = [f"a{n}: &a{n} {form.format(f'[{aliases}]')}\n" for n, aliases in enumerate(names, 1)]
    return "a0: &a0 {b: 1}\n" + "".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {b: *a}",
        laughs("{}"),
        laughs("{{<<: {}}}"),
        "[" * 100_000,
        "".join(f"{n}: 1\n" for n in range(MAX_NODES)),
    ],
    ids=["circle", "laughs", "merges", "brackets", "many keys"],
)
def test_a_text_that_would_take_much_time_or_memory_is_refused(text):
    with pytest.raises(ParameterError, match="more than 100 levels or 20,000 values"):
        parse(text, "params.yaml")


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xef\xbb\xbftrain:\r\n  epochs: 5\r\n")
    assert read_document(str(path)) == {"train": {"epochs": 5}}


def test_the_leaves_of_a_document_have_dotted_names():
    document = {"models": ["a"], "train": {"seed": 0, "of": {1: None}}, "empty": {}}
    assert leaves(document) == {"models": ["a"], "train.seed": 0, "train.of.1": None}
