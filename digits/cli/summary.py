"""Show what the pipeline has made: accuracies, and where the pictures are."""

from argparse import Namespace
from pathlib import Path

from digits.cli.tables import paragraph, table
from digits.evaluation.results import read_results, read_robustness
from digits.files.atomic import read_json, reading
from digits.params import read_params
from digits.params.stages import Models


def main(arguments: Namespace) -> None:
    """Print a table of the models, and what else there is to see. Raises ArtifactError."""
    names = read_params(Models).root
    tested, robust = read_results(names), read_robustness(names)
    rows, lines = [], []
    with reading("metrics/"):
        for name in names:
            trained, scores = read_json(f"metrics/training/{name}.json"), tested[name]
            shares = trained["accuracy"], scores["accuracy"], robust[name]["mean_accuracy"]
            rows.append([name, *map("{:.2%}".format, shares), f"{scores['errors']:,}"])
            if kinds := robust[name]["trained_on"]:
                lines.append(f"{name} was trained on {', '.join(kinds)}")
    head = ["accuracy on", "training", "test", "corrupted test", "test errors"]
    print(f"\n{table(head, rows)}\n", *map(paragraph, lines), "\npictures:", sep="\n")
    print(*sorted(path.as_posix() for path in Path("metrics").rglob("*.png")), sep="\n")
    print("page: report/index.html; open it in a browser")
