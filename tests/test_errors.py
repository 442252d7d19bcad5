import pytest

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
