"""Say whether the models became better: two revisions, or one against the workspace.

For each model: both accuracies and their difference with 95 % intervals, the test digits that the
new version gets right where the old one did not (fixed) and the reverse (broke), and a verdict:
better, worse, or within the noise of a test set of this size (5 %, McNemar's exact test).
The verdict is about these two trained models. How far the seed alone moves the accuracy of a
recipe, `digits seeds` says.
"""

import json
import sys
from argparse import ArgumentParser, Namespace

from commands.revisions import WORKSPACE, Revision, RevisionError, resolve, stale
from digits.comparing import Comparison, paired
from digits.verdicts import Report, as_json, as_markdown, as_text

MODELS = ("basic", "hidden")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the revisions and how the report is shown."""
    parser.add_argument("old", nargs="?", default="main", metavar="OLD", help="default: main")
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
    if arguments.json:
        print(json.dumps(as_json(report), indent=2))
    else:
        print(as_markdown(report) if arguments.md else as_text(report))
    worse = report.of("worse")
    if arguments.fail_if == "worse" and worse:
        sys.stdout.flush()
        sys.exit(f"error: significantly worse than {report.old}: {', '.join(worse)}")


def compare(old: str = "main", new: str | None = None) -> Report:
    """Compare the models of two revisions; `new`: None for the workspace.

    Of each of the report's `models`, `.model` is the name and `.verdict` "better", "worse" or
    "within noise". Raises RevisionError where a revision is not there or has no results.
    """
    before, after = resolve(old), WORKSPACE if new is None else resolve(new)
    notes = [
        f"there is no {asked} here: {found.name} was taken"
        for asked, found in ((old, before), (new, after))
        if asked is not None and asked != found.name
    ]
    if before.commit == after.commit:
        notes.append(f"{before.name} and {after.name} are the same commit")
    models = [_one(model, before, after, notes) for model in MODELS]
    if after is WORKSPACE and (stages := stale("evaluate")):
        notes.append(
            f"the workspace's results are not of its code and parameters ({', '.join(stages)} to "
            "be run): `dvc repro`, then compare again"
        )
    values = before.parameters(), after.parameters()
    names = dict.fromkeys([*values[0], *values[1]])
    pairs = {name: (values[0].get(name), values[1].get(name)) for name in names}
    return Report(
        old=before.name,
        new=after.name,
        old_commit=before.commit,
        new_commit=after.commit,
        models=models,
        parameters={name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
        notes=notes,
    )


def _one(model: str, old: Revision, new: Revision, notes: list[str]) -> Comparison:
    """Compare by the same test digits if that can be done, else by the counts, and note why."""
    counts = Comparison(model, old.accuracy(model), new.accuracy(model))
    try:
        actual, predicted = old.predictions(model)
        actual_new, predicted_new = new.predictions(model)
        if len(actual) != len(actual_new) or (actual != actual_new).any():
            raise RevisionError("the test digits are not the same")
    except RevisionError as fault:
        notes.append(f"{model}: {fault}. Compared by the counts alone, which shows less")
        return counts
    return paired(model, predicted == actual, predicted_new == actual)
