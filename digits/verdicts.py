"""Show how the models of two versions compare: for a terminal, as Markdown, as JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from digits.comparing import Accuracy, Comparison


@dataclass(frozen=True)
class Report:
    """What is shown. old, new: what the versions are called, and their commits, if any."""

    old: str
    new: str
    old_commit: str | None
    new_commit: str | None
    models: list[Comparison]
    parameters: dict[str, tuple[Any, Any]]
    """The values, old and new, of those that differ; None where one version has none."""
    notes: list[str]

    def of(self, verdict: str) -> list[str]:
        """Name the models that have this verdict."""
        return [each.model for each in self.models if each.verdict == verdict]


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as what JSON can hold. Shares are 0-1."""
    return {
        "old": {"revision": report.old, "commit": report.old_commit},
        "new": {"revision": report.new, "commit": report.new_commit},
        "models": {
            each.model: {
                "verdict": each.verdict,
                "old": _counts(each.old),
                "new": _counts(each.new),
                "difference": round(each.difference, 6),
                "difference_low": round(each.interval[0], 6),
                "difference_high": round(each.interval[1], 6),
                "fixed": each.fixed,
                "broke": each.broke,
                "test": each.test,
                "p": float(f"{each.p:.3g}"),
            }
            for each in report.models
        },
        "params": {
            name: {"old": old, "new": new} for name, (old, new) in report.parameters.items()
        },
        "notes": report.notes,
    }


def as_text(report: Report) -> str:
    """Return the report as tables of 80 columns: a column for each model."""
    lines = [f"old: {_called(report.old, report.old_commit)}"]
    lines += [f"new: {_called(report.new, report.new_commit)}", ""]
    rows = [["", *(each.model for each in report.models)]]
    columns = [_cells(each).values() for each in report.models]
    rows += [[*row] for row in zip(_cells(report.models[0]), *columns, strict=True)]
    lines += _aligned(rows)
    if report.parameters:
        lines += ["", *_aligned([["parameter", "old", "new"], *_changes(report)])]
    else:
        lines += ["", "params.yaml: the same values"]
    lines += ["", *map(sentence, report.models)]
    lines += [f"note: {note}" for note in report.notes]
    return "\n".join(lines)


def as_markdown(report: Report) -> str:
    """Return the report as a section of Markdown: a row for each model."""
    verdicts = ", ".join(f"{each.model} {each.verdict}" for each in report.models)
    versions = [_called(report.old, report.old_commit), _called(report.new, report.new_commit)]
    lines = [f"### {verdicts}", "", f"New: {_code(versions[1])}, against old: {_code(versions[0])}"]
    cells = [_cells(each) for each in report.models]
    rows = [["model", *cells[0]]]
    rows += [
        [_code(each.model), *row.values()] for each, row in zip(report.models, cells, strict=True)
    ]
    rows = [[*row[:-1], f"**{row[-1]}**" if index else row[-1]] for index, row in enumerate(rows)]
    lines += ["", *_table(rows), "", *(f"- {sentence(each)}" for each in report.models)]
    if report.parameters:
        changes = [[_code(cell) for cell in row] for row in _changes(report)]
        lines += ["", *_table([["parameter", "old", "new"], *changes])]
    else:
        lines += ["", "`params.yaml`: the same values."]
    for note in report.notes:
        lines += ["", f"> {_one_line(note)}"]
    return "\n".join(lines)


def sentence(each: Comparison) -> str:
    """Say one model's verdict, and what it rests on."""
    low, high = each.interval
    gain = f"{_points(each.difference)} points (95%: {_points(low)} to {_points(high)})"
    return f"{each.model}: {each.verdict}, {gain}; {each.test}, p = {each.p:.2g}"


def _cells(each: Comparison) -> dict[str, str]:
    """Return what is told of a model, by what it is."""
    low, high = each.interval
    pair = each.fixed is not None
    return {
        "old accuracy": _accuracy(each.old),
        "new accuracy": _accuracy(each.new),
        "test digits": f"{each.new.examples:,}"
        if each.old.examples == each.new.examples
        else f"{each.old.examples:,}, {each.new.examples:,}",
        "difference, points": f"{_points(each.difference)} ({_points(low)} to {_points(high)})",
        "fixed": f"{each.fixed:,}" if pair else "unknown",
        "broke": f"{each.broke:,}" if pair else "unknown",
        "p": f"{each.p:.2g}",
        "verdict": each.verdict,
    }


def _counts(accuracy: Accuracy) -> dict[str, Any]:
    low, high = accuracy.interval
    return {
        "accuracy": round(accuracy.share, 6),
        "accuracy_low": round(low, 6),
        "accuracy_high": round(high, 6),
        "right": accuracy.right,
        "examples": accuracy.examples,
    }


def _accuracy(accuracy: Accuracy) -> str:
    low, high = accuracy.interval
    return f"{accuracy.share:.2%} ({100 * low:.2f} to {100 * high:.2f})"


def _points(share: float) -> str:
    """Return a difference in percentage points, with its sign; 0 has none."""
    points = round(100 * share, 2)
    return f"{points:+.2f}" if points else "0.00"


def _changes(report: Report) -> list[list[str]]:
    return [[name, _value(old), _value(new)] for name, (old, new) in report.parameters.items()]


def _value(value: Any) -> str:
    return "-" if value is None else _one_line(str(value))


def _called(name: str, commit: str | None) -> str:
    return name if commit is None or commit.startswith(name) else f"{name} ({commit[:7]})"


def _aligned(rows: list[list[str]]) -> list[str]:
    """Return the rows as lines whose cells stand under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _table(rows: list[list[str]]) -> Iterable[str]:
    """Yield the lines of a Markdown table; the first row is its head."""
    for index, row in enumerate(rows):
        yield f"| {' | '.join(row)} |"
        if not index:
            yield "|---" * len(row) + "|"


def _code(text: str) -> str:
    """Return text as Markdown code that ends neither itself nor a table's cell."""
    return f"`{_one_line(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
