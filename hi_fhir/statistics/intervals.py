"""Confidence intervals of shares and rates, with rounding in them: the widest over what each count may stand for.

Sources: Wilson EB, Journal of the American Statistical Association 22 (1927) 209-212; Breslow NE, Day NE, Statistical
methods in cancer research, volume II (IARC 1987), chapter 2, for Byar's approximation. As OHID uses them.
"""

from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from hi_fhir.statistics.counts import ConfidenceInterval, GivenCounts, Reals

WILSON, BYAR = "wilson", "byar"
"""Names of the methods; Byar's has the exact interval of few occasions within."""
CONFIDENCE = 0.95
Z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2)
"""How many standard errors lie between an estimate and an end of its interval."""
FEWEST_FOR_BYAR = 10
"""Of fewer occasions the interval is the exact one."""


def wilson(numerator: npt.ArrayLike, denominator: npt.ArrayLike, z: float = Z) -> ConfidenceInterval:
    """Wilson's score interval of shares.

    Raises:
        ValueError: a denominator of 0, or a numerator that is negative or more than its denominator.
    """
    x, n = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    if not (np.all(n > 0) and np.all(x >= 0) and np.all(x <= n)):
        raise ValueError("a share is of somebody, and not of fewer than it counts")
    middle, width = 2 * x + z * z, z * np.sqrt(z * z + 4 * x * (1 - x / n))
    both = 2 * (n + z * z)
    lower, upper = (middle - width) / both, (middle + width) / both
    return ConfidenceInterval(np.where(x == 0, 0, lower)[()], np.where(x == n, 1, upper)[()])  # of none and all exact


def byar(occasions: npt.ArrayLike, z: float = Z) -> ConfidenceInterval:
    """Byar's approximation to the interval of a Poisson count."""
    x = np.asarray(occasions, dtype=np.float64)
    more, some = x + 1, np.maximum(x, 1)  # of none the lower end is 0
    lower = x * (1 - 1 / (9 * some) - z / (3 * np.sqrt(some))) ** 3
    return ConfidenceInterval(lower, more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3)


def poisson(occasions: npt.ArrayLike, z: float = Z) -> ConfidenceInterval:
    """The interval of Poisson counts: exact below FEWEST_FOR_BYAR, Byar's from there. Whole numbers."""
    x = np.asarray(occasions, dtype=np.float64)
    lower, upper = byar(x, z)
    few = x < FEWEST_FOR_BYAR
    if few.any():
        exact = _exact(z)
        lower[few], upper[few] = exact[x[few].astype(np.intp)].T
    return ConfidenceInterval(lower, upper)


def share_interval(numerator: GivenCounts, denominator: GivenCounts) -> ConfidenceInterval:
    """Wilson's interval of shares, the widest that what the counts may stand for leaves.

    The lower end falls with fewer in the numerator and more in the denominator, the upper the other way about; nobody
    is in a numerator and not in its denominator.
    """
    most = np.maximum(denominator.most, 1)
    fewest = np.maximum(denominator.least, np.maximum(numerator.least, 1))
    lower, _ = wilson(np.clip(numerator.least, 0, most), most)
    _, upper = wilson(np.clip(numerator.most, 0, fewest), fewest)
    return ConfidenceInterval(lower, upper)


def rate_interval(occasions: GivenCounts, people: GivenCounts) -> ConfidenceInterval:
    """The interval of occasions by person, the widest that what the counts may stand for leaves."""
    lower, _ = poisson(np.maximum(occasions.least, 0))
    _, upper = poisson(occasions.most)
    return ConfidenceInterval(lower / people.most, upper / np.maximum(people.least, 1))


def fraction_interval(numerator: GivenCounts, denominator: GivenCounts, *, is_rate: bool) -> ConfidenceInterval:
    """The interval of shares, or of rates."""
    return rate_interval(numerator, denominator) if is_rate else share_interval(numerator, denominator)


@cache
def _exact(z: float) -> Reals:
    """Both ends for each count below FEWEST_FOR_BYAR. From scipy, which a run without such counts need not load."""
    from scipy.special import chdtri

    x = np.arange(FEWEST_FOR_BYAR)
    tail = 1 - NormalDist().cdf(z)
    lower = np.where(x > 0, chdtri(np.maximum(2 * x, 1), 1 - tail) / 2, 0)
    return np.stack([lower, chdtri(2 * x + 2, tail) / 2], axis=1)
