"""Compare two versions of the models by their answers to the same test examples."""

from typing import Any, NamedTuple

from digits.evaluation.significance import mcnemar_exact, paired_interval, wilson_interval


class Record(NamedTuple):
    """What a version's models were asked, and got wrong: metrics/answers.json."""

    labels_sha256: str
    examples: int
    wrong: dict[str, frozenset[int]]
    """By model, in the order of params.yaml."""


def parse_record(content: Any) -> Record:
    """Return the record that the file's content is. Raises ValueError where it has another form."""
    try:
        models = dict(content)
        labels, examples = str(models.pop("labels_sha256")), int(models.pop("examples"))
        wrong = {name: frozenset(map(int, model["wrong"])) for name, model in models.items()}
    except (KeyError, TypeError, OverflowError) as fault:
        raise ValueError(f"{type(fault).__name__}: {fault}") from None
    if examples < 1 or not all(0 <= i < examples for indices in wrong.values() for i in indices):
        raise ValueError(f"wrong answers to others than the {examples} examples")
    return Record(labels, examples, wrong)


def compare_models(old: Record, new: Record) -> dict[str, dict[str, Any]]:
    """Compare each model of either version: in the order of the new one, removed ones last.

    verdict: "better", "worse", "within noise" (chance alone makes the difference in 5 % of cases or
    more); "new" or "removed" where only one version has the model; None where the examples are
    others. Shares are 0-1; None: there is no such number.
    fixed, broke: examples that only the new, only the old version gets right.
    """
    return {name: _compare(name, old, new) for name in dict.fromkeys([*new.wrong, *old.wrong])}


def _compare(model: str, old: Record, new: Record) -> dict[str, Any]:
    before, after = old.wrong.get(model), new.wrong.get(model)
    found: dict[str, Any] = {
        "verdict": "new" if before is None else "removed" if after is None else None,
        "old": None if before is None else accuracy(len(before), old.examples),
        "new": None if after is None else accuracy(len(after), new.examples),
    }
    pair = dict.fromkeys(("difference", "difference_low", "difference_high", "fixed", "broke", "p"))
    if before is None or after is None or old[:2] != new[:2]:
        return {**found, **pair}
    fixed, broke = len(before - after), len(after - before)
    low, high = paired_interval(fixed, broke, new.examples)
    p = mcnemar_exact(fixed, broke)
    found["verdict"] = "within noise" if p >= 0.05 else "better" if fixed > broke else "worse"
    shares = ((fixed - broke) / new.examples, low, high)
    values = (*(round(share, 6) for share in shares), fixed, broke, float(f"{p:.3g}"))
    return {**found, **dict(zip(pair, values, strict=True))}


def accuracy(wrong: int, examples: int) -> dict[str, Any]:
    """Return the accuracy with its Wilson interval of 95 %."""
    right = examples - wrong
    low, high = wilson_interval(right, examples)
    shares = {"accuracy": right / examples, "accuracy_low": low, "accuracy_high": high}
    rounded = {name: round(share, 6) for name, share in shares.items()}
    return {**rounded, "right": right, "examples": examples}
