"""Show what the pipeline has made: accuracies, and where the pictures are."""

from argparse import ArgumentParser, Namespace
from typing import Any

from digits.errors import ArtifactError
from digits.files import read_json

MODELS = ("basic", "hidden")
PICTURES = (
    "samples",
    "learning_curves",
    "confusion_*",
    "confused_pairs",
    "mistakes_*",
    "calibration",
    "robustness",
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add nothing: the results are where dvc.yaml says."""


def main(arguments: Namespace) -> None:
    """Print a table of both models."""
    tested = read_json("metrics/evaluation.json")
    robust = read_json("metrics/robustness.json")
    try:
        rows = [row(name, tested[name]) for name in MODELS]
        pair = against(tested["hidden_vs_basic"])
        spoiled = " ".join(f"{name} {robust[name]['mean_accuracy']:.1%}" for name in MODELS)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise ArtifactError(
            f"metrics/ does not hold what the stages write there: {type(fault).__name__}: {fault}. "
            "`dvc repro` rebuilds it."
        ) from None
    print(f"\n{'model':8}{'training accuracy':>19}{'test accuracy':>15}{'errors':>8}")
    print(*rows, sep="\n")
    print(f"\n{pair}\non spoiled digits, on average: {spoiled}")
    print(f"\npictures: metrics/{{{','.join(PICTURES)}}}.png")
    print("page: report/index.html; open it in a browser")


def row(name: str, scores: dict[str, Any]) -> str:
    """Return a line of the table: a model, and what its two metrics files say."""
    trained = read_json(f"metrics/train_{name}.json")
    accuracies = f"{trained['accuracy']:>17.2%}{scores['accuracy']:>15.2%}"
    return f"{name:8}  {accuracies}{scores['errors']:>8,}"


def against(pair: dict[str, Any]) -> str:
    """Say what the hidden layer changed."""
    return (
        f"hidden against basic: {pair['fixed']:,} errors fixed, {pair['broke']:,} made "
        f"(exact McNemar test: p = {pair['mcnemar_p']:.2g})"
    )
