"""Show what the pipeline has made: accuracies, and where the pictures are."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from digits.cli.tables import table
from digits.errors import ArtifactError
from digits.files.atomic import read_json
from digits.params import read
from digits.params.models import Models


def main(arguments: Namespace) -> None:
    """Print a table of the models, and what else there is to see."""
    names = read(Models).root
    tested, robust = read_json("metrics/evaluation.json"), read_json("metrics/robustness.json")
    trained = {name: read_json(f"metrics/train_{name}.json") for name in names}
    try:
        rows = [_row(name, trained[name], tested[name]) for name in names]
        pairs = [_against(names[0], name, tested[name]["against_baseline"]) for name in names[1:]]
        spoiled = ", ".join(f"{name} {robust[name]['mean_accuracy']:.1%}" for name in names)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise ArtifactError(
            f"metrics/ does not hold what the stages write there: {type(fault).__name__}: {fault}. "
            "`dvc repro` rebuilds it."
        ) from None
    print(f"\n{table(['model', 'training accuracy', 'test accuracy', 'errors'], rows)}\n")
    print(*pairs, f"on spoiled images, on average: {spoiled}", sep="\n")
    print("\npictures:", *sorted(path.as_posix() for path in Path("metrics").rglob("*.png")))
    print("page: report/index.html; open it in a browser")


def _row(name: str, trained: dict[str, Any], tested: dict[str, Any]) -> list[str]:
    shares = f"{trained['accuracy']:.2%}", f"{tested['accuracy']:.2%}"
    return [name, *shares, f"{tested['errors']:,}"]


def _against(baseline: str, name: str, pair: dict[str, Any]) -> str:
    return (
        f"{name} against {baseline}: {pair['fixed']:,} errors fixed, {pair['broke']:,} made "
        f"(exact McNemar test: p = {pair['mcnemar_p']:.2g})"
    )
