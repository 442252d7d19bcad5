"""Say how certain a number is: intervals for an accuracy and a difference, a test for a pair."""

from math import sqrt
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)
"""The normal quantile of a 95 % interval."""


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a proportion. trials: 1 or more.

    Unlike accuracy +- 1.96 standard errors it stays within 0-1 and does not shrink to nothing
    when all answers are right. Source: E. B. Wilson, "Probable inference, the law of succession,
    and statistical inference", JASA 22 (1927), 209-212.
    """
    share = successes / trials
    centre = share + Z**2 / (2 * trials)
    half = Z * sqrt(share * (1 - share) / trials + Z**2 / (4 * trials**2))
    scale = 1 + Z**2 / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


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
    """Return the two-sided p-value of McNemar's exact test of two models.

    Where both are equally good, `fixed` is binomial(fixed + broke, 1/2). The sum is of integers,
    so nothing underflows. Source: T. G. Dietterich, "Approximate statistical tests for comparing
    supervised classification learning algorithms", Neural Computation 10 (1998), 1895-1923.
    """
    trials = fixed + broke
    tail, ways = 0, 1  # ways: the binomial coefficient of `count`
    for count in range(min(fixed, broke) + 1):
        tail += ways
        ways = ways * (trials - count) // (count + 1)
    return min(1.0, 2 * tail / (1 << trials))
