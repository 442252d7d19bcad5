"""Say whether the models became better: two revisions, or one against the workspace.

Printed for each model: both accuracies, their difference with its 95 % interval, the test examples
that only the new version gets right (fixed) and that only the old one does (broke), and a verdict:
better, worse, or within the noise of a test set of this size (p >= 0.05 in McNemar's exact test). A
model of one revision alone is new or removed. Where the test sets differ, there is no verdict. The
verdict is about these trained models; `digits seeds` says how far the seed moves the accuracy.
"""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from digits.cli.gate import weaker
from digits.cli.revisions import MAIN, WORKSPACE, changes, resolve
from digits.cli.tables import as_markdown, paragraph, table
from digits.errors import DigitsError
from digits.evaluation import comparison
from digits.files.atomic import to_json
from digits.messages import printable


def add_arguments(parser: ArgumentParser) -> None:
    """Add the revisions and how the report is shown."""
    parser.add_argument("old", nargs="?", default=MAIN, metavar="OLD", help=f"default: {MAIN}")
    parser.add_argument("new", nargs="?", metavar="NEW", help="default: the workspace")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--md", action="store_true", help="Markdown, for a CI job's summary")
    form.add_argument("--json", action="store_true", help="an object, not a table")
    words = "exit with 1 if a model is significantly worse"
    parser.add_argument("--fail-if", choices=("worse",), help=words)


def main(arguments: Namespace) -> None:
    """Print the report; end with exit code 1 if asked to and a model is worse."""
    report = compare(arguments.old, arguments.new)
    print(to_json(report, "the comparison") if arguments.json else as_text(report, arguments.md))
    models, old, asked = report["models"], report["old"]["revision"], arguments.fail_if
    if asked and (named := [name for name in models if models[name]["verdict"] == asked]):
        sys.stdout.flush()
        sys.exit(f"error: significantly {asked} than {old}: {', '.join(named)}")


def compare(old: str = MAIN, new: str | None = None) -> dict[str, Any]:
    """Return the comparison of two revisions as JSON can hold it. new: None for the workspace.

    Raises RevisionError where a revision does not exist or has no results.
    """
    before, after = resolve(old), WORKSPACE if new is None else resolve(new)
    records = before.record(), after.record()
    notes = []
    if records[0][:2] != records[1][:2]:
        notes.append(f"the test sets of {before.name} and {after.name} differ: no verdict")
    notes += weaker(before, after)
    for revision in (before, after):
        try:
            if faults := revision.stale():
                notes.append(
                    f"the results of {revision.name} do not belong to its code and parameters: "
                    f"{', '.join(faults)}. `dvc repro`, then compare again"
                )
        except DigitsError as fault:
            notes.append(f"{revision.name}: {fault}")
    parameters = changes(before.document("params.yaml"), after.document("params.yaml"))
    return {
        "old": {"revision": before.name, "commit": before.commit},
        "new": {"revision": after.name, "commit": after.commit},
        "models": comparison.compare_models(*records),
        "params": {name: {"old": was, "new": now} for name, (was, now) in parameters.items()},
        "notes": notes,
    }


def as_text(report: dict[str, Any], markdown: bool = False) -> str:
    """Return the report as lines and tables for a terminal, or as a section of Markdown."""
    models, params = report["models"], report["params"]
    verdicts = ", ".join(f"{name} {models[name]['verdict'] or 'no verdict'}" for name in models)
    old, new = (
        revision["revision"] + (f" ({commit[:7]})" if (commit := revision["commit"]) else "")
        for revision in (report["old"], report["new"])
    )
    head = ["model", "old", "new", "difference (95 %)", "fixed", "broke", "p"]
    rows = [[name, pair["old"], pair["new"]] for name, pair in params.items()]
    line = (lambda text: as_markdown(printable(text))) if markdown else paragraph
    parts = [
        f"{'### ' * markdown}{line(verdicts)}",
        line(f"Old: {old}. New: {new}."),
        table(head, [_row(name, model) for name, model in models.items()], markdown),
        "Differences are in percentage points; p is of McNemar's exact test.",
        table(["parameter", "old", "new"], rows, markdown) if rows else "No parameter differs.",
    ]
    parts += [f"{'> ' * markdown}{line(f'Note: {note}')}" for note in report["notes"]]
    return "\n\n".join(parts)


def _row(name: str, model: dict[str, Any]) -> list[str]:
    shares = [f"{side['accuracy']:.2%}" if side else "-" for side in (model["old"], model["new"])]
    if model["p"] is None:
        return [name, *shares, *["-"] * 4]
    keys = ("difference", "difference_low", "difference_high")
    difference = "{:+.2f} ({:+.2f} to {:+.2f})".format(*(100 * model[key] for key in keys))
    return [
        name,
        *shares,
        difference,
        *map("{:,}".format, (model["fixed"], model["broke"])),
        f"{model['p']:.2g}",
    ]
