"""Say whether the models became better: two revisions, or one against the workspace.

For each model: both accuracies and their difference with its 95 % interval, the test examples that
the new version gets right where the old one did not (fixed) and the reverse (broke), and a verdict:
better, worse, or within the noise of a test set of this size (5 %, McNemar's exact test). A model
that only one of the revisions has is new or removed; where the test sets differ, there is no
verdict. The verdict is about these trained models. How far the seed alone moves the accuracy of a
recipe, `digits seeds` says.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from digits.cli.revisions import MAIN, WORKSPACE, changes, resolve, stale
from digits.cli.tables import printable, table
from digits.errors import RevisionError
from digits.evaluation import comparison


def add_arguments(parser: ArgumentParser) -> None:
    """Add the revisions and how the report is shown."""
    parser.add_argument("old", nargs="?", default=MAIN, metavar="OLD", help=f"default: {MAIN}")
    parser.add_argument("new", nargs="?", metavar="NEW", help="default: the workspace")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--md", action="store_true", help="Markdown, for a CI job's summary")
    form.add_argument("--json", action="store_true", help="an object, not a table")
    parser.add_argument(
        "--fail-if", choices=("worse",), help="exit with 1 if a model is significantly worse"
    )


def main(arguments: Namespace) -> None:
    """Print the report; end with exit code 1 if asked to and a model is worse."""
    report = compare(arguments.old, arguments.new)
    print(json.dumps(report, indent=2) if arguments.json else as_text(report, arguments.md))
    models, verdict = report["models"], arguments.fail_if
    if verdict and (named := [name for name in models if models[name]["verdict"] == verdict]):
        sys.stdout.flush()
        old = report["old"]["revision"]
        sys.exit(f"error: significantly {verdict} than {old}: {', '.join(named)}")


def compare(old: str = MAIN, new: str | None = None) -> dict[str, Any]:
    """Compare the models of two revisions; `new`: None for the workspace. JSON can hold the result.

    Raises RevisionError where a revision is not there or has no results.
    """
    before, after = resolve(old), WORKSPACE if new is None else resolve(new)
    records = before.record(), after.record()
    notes = [
        f"there is no {asked} here: {found.name} was taken"
        for asked, found in ((old, before), (new, after))
        if asked is not None and asked != found.name
    ]
    if before.commit == after.commit:
        notes.append(f"{before.name} and {after.name} are the same commit")
    if records[0][:2] != records[1][:2]:
        notes.append(
            f"the test set of {after.name} is another one than that of {before.name}: no verdict"
        )
    try:
        if after is WORKSPACE and (stages := stale("evaluate")):
            notes.append(
                f"the workspace's results are not of its code and parameters ({', '.join(stages)} "
                "to be run): `dvc repro`, then compare again"
            )
    except RevisionError as fault:
        notes.append(str(fault))
    parameters = changes(before.parameters(), after.parameters())
    return {
        "old": {"revision": before.name, "commit": before.commit},
        "new": {"revision": after.name, "commit": after.commit},
        "models": comparison.compare_models(*records),
        "params": {name: {"old": was, "new": now} for name, (was, now) in parameters.items()},
        "notes": notes,
    }


def as_text(report: dict[str, Any], markdown: bool = False) -> str:
    """Return the report as lines and tables for a terminal, or as a section of Markdown."""
    models = report["models"]
    verdicts = ", ".join(f"{name} {models[name]['verdict'] or 'no verdict'}" for name in models)
    names = [
        f"{side}: {revision['revision']}{f' ({commit[:7]})' if commit else ''}."
        for side, revision in (("Old", report["old"]), ("New", report["new"]))
        for commit in [revision["commit"]]
    ]
    rows = [[name, pair["old"], pair["new"]] for name, pair in report["params"].items()]
    same = "params.yaml: the same values."
    head = ["model", "old", "new", "difference (95 %)", "fixed", "broke", "p", "verdict"]
    parts = [
        f"{'### ' * markdown}{printable(verdicts)}",
        printable(" ".join(names)),
        table(head, [_row(name, model) for name, model in models.items()], markdown),
        "Differences are in percentage points; p is of McNemar's exact test.",
        table(["parameter", "old", "new"], rows, markdown) if rows else same,
    ]
    parts += [f"{'> ' * markdown}Note: {printable(note)}" for note in report["notes"]]
    return "\n\n".join(parts)


def _row(name: str, model: dict[str, Any]) -> list[str]:
    shares = [f"{side['accuracy']:.2%}" if side else "-" for side in (model["old"], model["new"])]
    cells = ["-"] * 4
    if model["p"] is not None:
        keys = ("difference", "difference_low", "difference_high")
        points = [f"{100 * model[key]:+.2f}" for key in keys]
        counts = f"{model['fixed']:,}", f"{model['broke']:,}", f"{model['p']:.2g}"
        cells = [f"{points[0]} ({points[1]} to {points[2]})", *counts]
    return [name, *shares, *cells, model["verdict"] or "-"]
