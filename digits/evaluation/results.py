"""Read what stages evaluate and robustness wrote, and derive the numbers that follow from it."""

from typing import Any

from digits.evaluation.comparison import accuracy, mcnemar_exact, parse_record
from digits.evaluation.corruptions import CORRUPTIONS, mean_accuracy
from digits.files.atomic import read_json, reading
from digits.files.tables import read_csv
from digits.params.document import leaves, read_document

ANSWERS = "metrics/answers.json"


def read_results(names: list[str]) -> dict[str, dict[str, Any]]:
    """Return each model's metrics on the test set; the first of `names` is the baseline.

    To those of metrics/evaluation/NAME.json it adds accuracy_low and accuracy_high, the 95 %
    interval, and for all models but the baseline `against_baseline`: the errors that the model
    fixed, the ones that it added (broke), and McNemar's exact p-value (mcnemar_p).
    Raises ArtifactError where a file is missing or damaged.
    """
    results, answers = {}, read_json(ANSWERS)
    with reading("metrics/"):
        record = parse_record(answers)
        for name in names:
            metrics = read_json(f"metrics/evaluation/{name}.json")
            if not all(0 <= float(metrics[key]) <= 1 for key in ("accuracy", "macro_f1")):
                raise ValueError(f"{name}: {metrics}")
            results[name] = {**accuracy(len(record.wrong[name]), record.examples), **metrics}
            if name != names[0]:
                wrong, baseline = record.wrong[name], record.wrong[names[0]]
                fixed, broke = len(baseline - wrong), len(wrong - baseline)
                pair = {"fixed": fixed, "broke": broke, "mcnemar_p": mcnemar_exact(fixed, broke)}
                results[name]["against_baseline"] = pair
    return results


def read_robustness(names: list[str]) -> dict[str, dict[str, Any]]:
    """Return what metrics/robustness.csv and params.yaml say of each model.

    mean_accuracy: over all corruptions. trained_on: the corruptions for which the model's section
    of params.yaml has a parameter of that name that is not 0; they are no fair test of it.
    mean_accuracy_unseen: over the corruptions that no model was trained on, None without any.
    Raises ArtifactError, ParameterError.
    """
    path = "metrics/robustness.csv"
    values, table = leaves(read_document("params.yaml")), read_csv(path)
    trained = {
        name: [kind for kind in CORRUPTIONS if values.get(f"train_{name}.{kind}")] for name in names
    }
    unseen = [kind for kind in CORRUPTIONS if not any(kind in kinds for kinds in trained.values())]
    with reading(path):
        return {
            name: {
                "mean_accuracy": mean_accuracy(table, name),
                "mean_accuracy_unseen": mean_accuracy(table, name, unseen),
                "trained_on": trained[name],
            }
            for name in names
        }
