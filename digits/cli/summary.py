"""Show what the pipeline has made: accuracies, and where the pictures are."""

from argparse import Namespace
from pathlib import Path

from digits.cli.tables import table
from digits.errors import ArtifactError
from digits.evaluation.results import read_results, read_robustness
from digits.files.atomic import read_json
from digits.params import read_params
from digits.params.models import Models


def main(arguments: Namespace) -> None:
    """Print a table of the models, and what else there is to see."""
    names = read_params(Models).root
    tested, robust = read_results(names), read_robustness(names)
    rows, lines = [], []
    try:
        for name in names:
            trained, scores = read_json(f"metrics/training/{name}.json"), tested[name]
            shares = f"{trained['accuracy']:.2%}", f"{scores['accuracy']:.2%}"
            rows.append([name, *shares, f"{scores['errors']:,}"])
            if name != names[0]:
                pair = scores["against_baseline"]
                lines.append(
                    f"{name} against {names[0]}: {pair['fixed']:,} errors fixed, "
                    f"{pair['broke']:,} made (exact McNemar test: p = {pair['mcnemar_p']:.2g})"
                )
        spoiled = []
        for name in names:
            kinds = ", ".join(robust[name]["trained_on"])
            known = f" (trained on {kinds})" if kinds else ""
            spoiled.append(f"{name} {robust[name]['mean_accuracy']:.1%}{known}")
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError(
            f"metrics/ does not hold what the stages write there: {type(fault).__name__}: {fault}. "
            "`dvc repro` rebuilds it."
        ) from None
    print(f"\n{table(['model', 'training accuracy', 'test accuracy', 'errors'], rows)}\n")
    print(*lines, f"on spoiled images, on average: {', '.join(spoiled)}", sep="\n")
    print("\npictures:", *sorted(path.as_posix() for path in Path("metrics").rglob("*.png")))
    print("page: report/index.html; open it in a browser")
