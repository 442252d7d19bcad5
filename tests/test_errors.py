import pytest

from digits import errors
from digits.errors import ArtifactError
from digits.process import run


def test_an_expected_fault_ends_in_its_message_and_exit_code_1():
    def main():
        raise ArtifactError("what, expected, got, what to do")

    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == "error: what, expected, got, what to do"  # Python exits with 1


def test_an_unexpected_error_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0)


def test_the_tree_in_the_docstring_holds_every_exception():
    named = {line.split()[1] for line in errors.__doc__.splitlines() if "──" in line}
    found = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert named == found - {"DigitsError"}
