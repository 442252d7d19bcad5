"""Read what stages evaluate and robustness wrote, and what follows from it."""

from typing import Any

from digits.errors import ArtifactError
from digits.evaluation.comparison import accuracy, parse_record
from digits.evaluation.corruptions import CORRUPTIONS, mean_accuracy
from digits.evaluation.significance import mcnemar_exact
from digits.files.atomic import read_json
from digits.files.tables import read_csv
from digits.params.document import leaves, read_document

ANSWERS = "metrics/answers.json"


def read_results(names: list[str]) -> dict[str, dict[str, Any]]:
    """Return each model's metrics on the test set; the first of `names` is the baseline.

    To those of metrics/evaluation/NAME.json it adds accuracy_low and accuracy_high, the 95 %
    interval, and for all models but the baseline `against_baseline`: how many errors of the
    baseline the model fixed and how many it broke, and McNemar's exact p-value (mcnemar_p).
    Raises ArtifactError where a file is missing or does not hold what the stage writes.
    """
    results = {}
    try:
        record = parse_record(read_json(ANSWERS))
        for name in names:
            metrics = read_json(f"metrics/evaluation/{name}.json")
            results[name] = {**accuracy(len(record.wrong[name]), record.examples), **metrics}
            if name != names[0]:
                wrong, baseline = record.wrong[name], record.wrong[names[0]]
                fixed, broke = len(baseline - wrong), len(wrong - baseline)
                p = float(f"{mcnemar_exact(fixed, broke):.3g}")
                pair = {"fixed": fixed, "broke": broke, "mcnemar_p": p}
                results[name]["against_baseline"] = pair
            if not all(0 <= float(metrics[key]) <= 1 for key in ("accuracy", "macro_f1")):
                raise ValueError(f"{name}: {metrics}")
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError(
            f"metrics/ does not hold what stage evaluate writes: {type(fault).__name__}: {fault}. "
            "`dvc repro` rebuilds it."
        ) from None
    return results


def read_robustness(names: list[str]) -> dict[str, dict[str, Any]]:
    """Return what metrics/robustness.csv and params.yaml say of each model.

    mean_accuracy: over all corruptions. trained_on: the corruptions for which the model's own
    section of params.yaml has a parameter of the same name that is not 0, so that they are no fair
    test of it. mean_accuracy_unseen: over those that no model was trained on, None without any.
    Raises ArtifactError, ParameterError.
    """
    path = "metrics/robustness.csv"
    values = leaves(read_document("params.yaml"))
    trained = {
        name: [kind for kind in CORRUPTIONS if values.get(f"train_{name}.{kind}")] for name in names
    }
    unseen = [kind for kind in CORRUPTIONS if not any(kind in kinds for kinds in trained.values())]
    try:
        table = read_csv(path)
        results = {}
        for name in names:
            rows: list[Any] = table[table["model"] == name].to_dict("records")
            results[name] = {
                "mean_accuracy": mean_accuracy(rows),
                "mean_accuracy_unseen": mean_accuracy(rows, unseen),
                "trained_on": trained[name],
            }
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError(f"{path} is damaged: {fault!r}. `dvc repro` rebuilds it.") from None
    return results
