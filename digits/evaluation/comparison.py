"""Compare two versions of the models by their answers to the same test examples."""

from typing import Any, NamedTuple

from digits.evaluation.significance import mcnemar_exact, paired_interval, wilson_interval


class Record(NamedTuple):
    """The test set of a version, and which of its examples each model got wrong."""

    labels_sha256: str
    examples: int
    wrong: dict[str, frozenset[int]]
    """By model, in the order of params.yaml."""


def parse_record(content: Any) -> Record:
    """Return the record that metrics/answers.json holds. Raises ValueError if it is no record."""
    try:
        models = dict(content)
        labels, examples = str(models.pop("labels_sha256")), int(models.pop("examples"))
        wrong = {name: frozenset(map(int, model["wrong"])) for name, model in models.items()}
    except (KeyError, TypeError, OverflowError) as fault:
        raise ValueError(f"{type(fault).__name__}: {fault}") from None
    if examples < 1 or not all(0 <= i < examples for indices in wrong.values() for i in indices):
        raise ValueError(f"an index of a wrong answer is not one of {examples} examples")
    return Record(labels, examples, wrong)


def compare_models(old: Record, new: Record) -> dict[str, dict[str, Any]]:
    """Compare each model of either version: in the order of the new one, removed ones last.

    verdict: "better", "worse", "within noise" (p >= 0.05); "new" or "removed" where only one
    version has the model; None where the test sets differ. difference: of the accuracies, with its
    95 % interval, 0-1. fixed, broke: examples that only the new, only the old version gets right.
    A number that does not exist is None.
    """
    return {
        name: _compare_model(name, old, new) for name in dict.fromkeys([*new.wrong, *old.wrong])
    }


def _compare_model(model: str, old: Record, new: Record) -> dict[str, Any]:
    before, after = old.wrong.get(model), new.wrong.get(model)
    found: dict[str, Any] = {
        "verdict": "new" if before is None else "removed" if after is None else None,
        "old": None if before is None else accuracy(len(before), old.examples),
        "new": None if after is None else accuracy(len(after), new.examples),
    }
    keys = ("difference", "difference_low", "difference_high", "fixed", "broke", "p")
    if before is None or after is None or old[:2] != new[:2]:
        return {**found, **dict.fromkeys(keys)}
    fixed, broke, p = count_changes(before, after)
    found["verdict"] = "within noise" if p >= 0.05 else "better" if fixed > broke else "worse"
    shares = ((fixed - broke) / new.examples, *paired_interval(fixed, broke, new.examples))
    values = (*(round(share, 6) for share in shares), fixed, broke, p)
    return {**found, **dict(zip(keys, values, strict=True))}


def count_changes(old: frozenset[int], new: frozenset[int]) -> tuple[int, int, float]:
    """Return how many wrong answers of `old` are fixed, how many `new` adds, and McNemar's p."""
    fixed, broke = len(old - new), len(new - old)
    return fixed, broke, float(f"{mcnemar_exact(fixed, broke):.3g}")


def accuracy(wrong: int, examples: int) -> dict[str, Any]:
    """Return the accuracy with its Wilson interval of 95 %."""
    right = examples - wrong
    low, high = wilson_interval(right, examples)
    shares = {"accuracy": right / examples, "accuracy_low": low, "accuracy_high": high}
    rounded = {name: round(share, 6) for name, share in shares.items()}
    return {**rounded, "right": right, "examples": examples}
