"""Compare models by their answers to the same test examples; say how certain the numbers are."""

from math import sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

Z = NormalDist().inv_cdf(0.975)
"""The normal quantile of a 95 % interval."""


class Record(NamedTuple):
    """The test set of a version, and which of its examples each model of params.yaml got wrong."""

    labels_sha256: str
    examples: int
    wrong: dict[str, frozenset[int]]


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
    numbers = ("difference", "difference_low", "difference_high", "fixed", "broke", "p")
    report = {}
    for model in dict.fromkeys([*new.wrong, *old.wrong]):
        before, after = old.wrong.get(model), new.wrong.get(model)
        found: dict[str, Any] = {
            "verdict": "new" if before is None else "removed" if after is None else None,
            "old": None if before is None else accuracy(len(before), old.examples),
            "new": None if after is None else accuracy(len(after), new.examples),
            **dict.fromkeys(numbers),
        }
        if before is not None and after is not None and old[:2] == new[:2]:
            fixed, broke = len(before - after), len(after - before)
            p = mcnemar_exact(fixed, broke)
            found["verdict"] = "better" if fixed > broke else "worse"
            if p >= 0.05:
                found["verdict"] = "within noise"
            shares = (fixed - broke) / new.examples, *paired_interval(fixed, broke, new.examples)
            values = (*(round(share, 6) for share in shares), fixed, broke, p)
            found |= zip(numbers, values, strict=True)
        report[model] = found
    return report


def accuracy(wrong: int, examples: int) -> dict[str, Any]:
    """Return the accuracy with its Wilson score interval of 95 %. examples: 1 or more.

    Unlike accuracy +- 1.96 standard errors it stays within 0-1 and does not shrink to nothing
    when all answers are right. Source: E. B. Wilson, "Probable inference, the law of succession,
    and statistical inference", JASA 22 (1927), 209-212.
    """
    right = examples - wrong
    share, scale = right / examples, 1 + Z**2 / examples
    centre = (share + Z**2 / (2 * examples)) / scale
    half = Z * sqrt(share * (1 - share) / examples + Z**2 / (4 * examples**2)) / scale
    return {
        "accuracy": round(share, 6),
        "accuracy_low": round(max(0.0, centre - half), 6),
        "accuracy_high": round(min(1.0, centre + half), 6),
        "right": right,
        "examples": examples,
    }


def paired_interval(fixed: int, broke: int, examples: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference between two shares of the same examples.

    Wald's interval with one example added to `fixed` and one to `broke`, so that it does not
    shrink to nothing where both are 0. Source: D. G. Bonett, R. M. Price, "Adjusted Wald
    confidence interval for a difference of binomial proportions based on paired data", Journal of
    Educational and Behavioral Statistics 37 (2012), 479-488.
    """
    gained, lost = (fixed + 1) / (examples + 2), (broke + 1) / (examples + 2)
    middle = gained - lost
    half = Z * sqrt((gained + lost - middle**2) / (examples + 2))
    return max(-1.0, middle - half), min(1.0, middle + half)


def mcnemar_exact(fixed: int, broke: int) -> float:
    """Return the two-sided p-value of McNemar's exact test of two models, to three digits.

    Where both are equally good, `fixed` is binomial(fixed + broke, 1/2). Source: T. G. Dietterich,
    "Approximate statistical tests for comparing supervised classification learning algorithms",
    Neural Computation 10 (1998), 1895-1923.
    """
    from scipy.special import bdtr  # slow to import

    return float(f"{min(1.0, 2 * bdtr(min(fixed, broke), fixed + broke, 0.5)):.3g}")
