"""Say whether a model became better: its accuracy in two versions, and the difference."""

from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digits.significance import compare, mcnemar_exact, wilson_interval

LEVEL = 0.05
"""A difference that chance alone makes less often than this counts."""

Verdict = Literal["better", "worse", "within noise"]


@dataclass(frozen=True)
class Accuracy:
    """How many test examples are right: a share, and its Wilson interval of 95 %."""

    right: int
    examples: int

    @property
    def share(self) -> float:
        """Return the accuracy, 0-1."""
        return self.right / self.examples

    @property
    def interval(self) -> tuple[float, float]:
        """Return the ends of the interval, 0-1."""
        return wilson_interval(self.right, self.examples)


@dataclass(frozen=True)
class Comparison:
    """One model in two versions, by the same test examples (`paired`) or by the counts alone.

    fixed, broke: examples that only the new, only the old version gets right; None if not paired.
    """

    model: str
    old: Accuracy
    new: Accuracy
    fixed: int | None = None
    broke: int | None = None

    @property
    def difference(self) -> float:
        """Return the accuracy that was gained, -1 to 1."""
        return self.new.share - self.old.share

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the difference."""
        if self.fixed is None or self.broke is None:
            return unpaired_interval(self.old, self.new)
        return paired_interval(self.fixed, self.broke, self.new.examples)

    @property
    def test(self) -> str:
        """Name the test that `p` comes from."""
        return "Fisher's exact test" if self.fixed is None else "McNemar's exact test"

    @property
    def p(self) -> float:
        """Return how often chance alone makes a difference as large as this, 0-1."""
        if self.fixed is None or self.broke is None:
            return fisher_exact(self.old, self.new)
        return mcnemar_exact(self.fixed, self.broke)

    @property
    def verdict(self) -> Verdict:
        """Return whether the new version is better, worse, or within the noise of the test set."""
        if self.p >= LEVEL:
            return "within noise"
        return "better" if self.difference > 0 else "worse"


def paired(model: str, old_right: NDArray[np.bool_], new_right: NDArray[np.bool_]) -> Comparison:
    """Compare by the same examples. old_right, new_right: (n,), True where the version is right."""
    pair = compare(old_right, new_right)
    old, new = (Accuracy(int(right.sum()), len(right)) for right in (old_right, new_right))
    return Comparison(model, old, new, pair["fixed"], pair["broke"])


def paired_interval(fixed: int, broke: int, examples: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference between two shares of the same examples.

    Wald's interval with one example added to `fixed` and one to `broke`, so that it does not
    shrink to nothing where both are 0. Source: D. G. Bonett and R. M. Price, "Adjusted Wald
    confidence interval for a difference of binomial proportions based on paired data", Journal of
    Educational and Behavioral Statistics 37 (2012), 479-488; recommended by M. W. Fagerland,
    S. Lydersen and P. Laake, Statistics in Medicine 33 (2014), 2850-2875.
    """
    gained, lost = (fixed + 1) / (examples + 2), (broke + 1) / (examples + 2)
    middle = gained - lost
    half = NormalDist().inv_cdf(0.975) * sqrt((gained + lost - middle**2) / (examples + 2))
    return max(-1.0, middle - half), min(1.0, middle + half)


def unpaired_interval(old: Accuracy, new: Accuracy) -> tuple[float, float]:
    """Return the 95 % interval of new - old, two shares of independent examples.

    Newcombe's hybrid of the two Wilson intervals: method 10 of R. G. Newcombe, "Interval
    estimation for the difference between independent proportions: comparison of eleven methods",
    Statistics in Medicine 17 (1998), 873-890.
    """
    middle = new.share - old.share
    (old_low, old_high), (new_low, new_high) = old.interval, new.interval
    low = middle - sqrt((new.share - new_low) ** 2 + (old_high - old.share) ** 2)
    high = middle + sqrt((new_high - new.share) ** 2 + (old.share - old_low) ** 2)
    return low, high


def fisher_exact(old: Accuracy, new: Accuracy) -> float:
    """Return the two-sided p-value of Fisher's exact test of two shares of independent examples.

    Where both versions are equally good, each way to deal the right answers to the examples of
    both is as likely; summed are the ways of all divisions that are no likelier than the one
    seen, as exact integers. Source: R. A. Fisher, "The logic of inductive inference", Journal of
    the Royal Statistical Society 98 (1935), 39-82.
    """
    wrong_of_old = old.examples - old.right
    wrong = wrong_of_old + new.examples - new.right
    seen = comb(old.examples, wrong_of_old) * comb(new.examples, wrong - wrong_of_old)
    first, last = max(0, wrong - new.examples), min(wrong, old.examples)
    ways = comb(old.examples, first) * comb(new.examples, wrong - first)
    summed = 0
    for count in range(first, last + 1):  # ways: to have `count` of the wrong answers in `old`
        summed += ways if ways <= seen else 0
        ways = ways * (old.examples - count) * (wrong - count)
        ways //= (count + 1) * (new.examples - wrong + count + 1)
    return summed / comb(old.examples + new.examples, wrong)
