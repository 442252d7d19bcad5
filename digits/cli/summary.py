"""Show what the pipeline has made: accuracies, and where the pictures are."""

from argparse import Namespace
from pathlib import Path

from digits.cli.tables import paragraph, table
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
            shares = trained["accuracy"], scores["accuracy"], robust[name]["mean_accuracy"]
            rows.append([name, *map("{:.2%}".format, shares), f"{scores['errors']:,}"])
            if name != names[0]:
                pair = scores["against_baseline"]
                lines.append(
                    f"{name} against {names[0]}: {pair['fixed']:,} errors fixed, "
                    f"{pair['broke']:,} made (McNemar's exact p = {pair['mcnemar_p']:.2g})"
                )
            if kinds := robust[name]["trained_on"]:
                lines.append(f"{name} was trained on {', '.join(kinds)}")
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError(
            f"metrics/ does not hold what the stages write there: {type(fault).__name__}: {fault}. "
            "`dvc repro` rebuilds it."
        ) from None
    head = ["accuracy on", "training", "test", "corrupted test", "test errors"]
    print(f"\n{table(head, rows)}\n", *map(paragraph, lines), "\npictures:", sep="\n")
    print(*sorted(path.as_posix() for path in Path("metrics").rglob("*.png")), sep="\n")
    print("page: report/index.html; open it in a browser")
