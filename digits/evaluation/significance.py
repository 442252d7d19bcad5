"""Say how sure a number is: an interval for one accuracy, a test for a pair of models."""

from math import sqrt
from statistics import NormalDist


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion. trials: 1 or more.

    Unlike accuracy +- 1.96 standard errors it stays within 0-1 and does not shrink to nothing
    when all answers are right. Source: E. B. Wilson, "Probable inference, the law of succession,
    and statistical inference", JASA 22 (1927), 209-212.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    centre = share + z**2 / (2 * trials)
    half = z * sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


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


def mcnemar_exact(fixed: int, broke: int) -> float:
    """Return the two-sided p-value: how often chance alone splits the examples as unevenly.

    Where two models are equally good, an example that only one of them gets right is as likely
    to be the one's as the other's: `fixed` is binomial(fixed + broke, 1/2). The sum is of exact
    integers, so nothing underflows on the way. Sources: Q. McNemar, "Note on the sampling error
    of the difference between correlated proportions or percentages", Psychometrika 12 (1947),
    153-157; for classifiers: T. G. Dietterich, "Approximate statistical tests for comparing
    supervised classification learning algorithms", Neural Computation 10 (1998), 1895-1923.
    """
    trials = fixed + broke
    tail, ways = 0, 1  # ways: to choose `count` of them
    for count in range(min(fixed, broke) + 1):
        tail += ways
        ways = ways * (trials - count) // (count + 1)
    return min(1.0, 2 * tail / (1 << trials))
