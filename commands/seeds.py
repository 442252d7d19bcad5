"""Train and test both models with train.seed 0 to N-1; give the mean and deviation over them.

What a change must exceed to be more than luck with the seed. The parameters are those of
params.yaml, all but train.seed; the data is what stage preprocess made. Nothing is written.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from statistics import mean, stdev
from typing import Any

from commands.revisions import stale
from digits.errors import ArtifactError, DigitsError, stop_in_order
from digits.params import document

MODELS = ("basic", "hidden")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the number of seeds and how the answer is shown."""
    parser.add_argument("count", type=int, metavar="N", help="how many seeds, 2 or more")
    parser.add_argument("--json", action="store_true", help="an object, not a table")


def main(arguments: Namespace) -> None:
    """Print each model's accuracies on the test set, their mean and their standard deviation."""
    if not 2 <= arguments.count <= 2**32:
        raise DigitsError(
            f"expected 2 or more seeds, since one has no deviation; got {arguments.count}"
        )
    stop_in_order()
    document.check("params.yaml")
    if stages := stale("preprocess"):
        raise ArtifactError(
            f"data/processed is not of today's code and parameters ({', '.join(stages)} to be "
            "run): `dvc repro preprocess` first"
        )
    found: dict[str, list[float]] = {name: [] for name in MODELS}
    for seed in range(arguments.count):
        for name, accuracy in accuracies(seed).items():
            found[name].append(accuracy)
        shown = ", ".join(f"{name} {found[name][-1]:.2%}" for name in MODELS)
        print(f"seed {seed}: {shown}", file=sys.stderr, flush=True)
    rows = {name: spread(values) for name, values in found.items()}
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        print(*table(rows), sep="\n")


def accuracies(seed: int) -> dict[str, float]:
    """Return both models' accuracy on the test set: what the stages give with this train.seed."""
    from digits import models
    from digits.backend import keras
    from digits.files import read_examples
    from digits.params import read
    from digits.params.train import Train
    from digits.params.train_hidden import TrainHidden
    from digits.scoring import answers, score
    from digits.training import train

    recipe = read("params.yaml", Train).model_copy(update={"seed": seed})
    units = read("params.yaml", TrainHidden).units
    training = read_examples("data/processed/train")
    images, labels = read_examples("data/processed/test")
    builders = {"basic": models.basic, "hidden": lambda: models.hidden(units)}
    scores = {}
    for name, build in builders.items():
        keras.backend.clear_session()  # or what was compiled for earlier seeds stays in memory
        none = training[0][:0], training[1][:0]  # validation changes nothing that is learnt
        model, _ = train(build, training, none, recipe, report=lambda line: None)
        scores[name] = score(answers(models.logits(model)(images), labels), labels)["accuracy"]
    return scores


def spread(values: list[float]) -> dict[str, Any]:
    """Sum up accuracies: mean, standard deviation of a sample (n - 1), extremes, all by seed."""
    return {
        "mean": round(mean(values), 6),
        "deviation": round(stdev(values), 6),
        "lowest": min(values),
        "highest": max(values),
        "accuracies": values,
    }


def table(rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table: what `spread` says of each model, in percent."""
    yield f"{'model':8}{'mean':>8}{'deviation':>11}{'lowest':>9}{'highest':>9}"
    for name, row in rows.items():
        extremes = f"{row['lowest']:>9.2%}{row['highest']:>9.2%}"
        yield f"{name:8}{row['mean']:>8.2%}{100 * row['deviation']:>11.2f}{extremes}"
