from digits import progress as module
from digits.progress import progress


def test_without_a_terminal_a_line_says_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 0)
    with progress("hidden: epoch 1/5", 2_000_000, " examples") as advance:
        advance(500_000)
    line = capsys.readouterr().err.split("\n")[-2]
    assert "hidden: epoch 1/5: 500k of 2.00M [" in line
    assert line.rstrip().endswith(" examples/s]")


def test_a_short_loop_says_nothing(capsys):
    with progress("x", 100, " examples") as advance:
        advance(50)
    assert capsys.readouterr().err == ""
