"""How far one group is from another: difference and ratio of two shares or rates, with their intervals.

Sources: Newcombe RG, Statistics in Medicine 17 (1998) 873-890, method 10, for the difference, with the correlation of
Zou GY, Donner A, Statistics in Medicine 27 (2008) 1693-1702, where one group is part of the other; Katz D et al.,
Biometrics 34 (1978) 469-474, for the ratio (log-normal).
"""

from functools import partial

import numpy as np

from hi_fhir.statistics.counts import Bools, ConfidenceInterval, Fractions, Reals
from hi_fhir.statistics.intervals import Z, poisson, wilson
from hi_fhir.statistics.rounding import widest

NEWCOMBE, KATZ = "newcombe", "katz"
NEWCOMBE_OVERLAPPING = "newcombe-overlapping"
"""NEWCOMBE for two groups that share people and their records, as if they did not: wider than it need be."""


def difference_interval(one: Fractions, other: Fractions, is_part: Bools, *, is_rate: bool) -> ConfidenceInterval:
    """Of one group's value less the other's. is_part: whether the one is among the other."""
    return widest(partial(_newcombe, is_part=is_part, is_rate=is_rate), *one, *other)


def ratio_interval(one: Fractions, other: Fractions, is_part: Bools, *, is_rate: bool) -> ConfidenceInterval:
    """Of one group's value by the other's; NaN or infinite where nobody may be in a numerator."""
    return widest(partial(_katz, is_part=is_part, is_rate=is_rate), *one, *other)


def _newcombe(x1: Reals, n1: Reals, x2: Reals, n2: Reals, *, is_part: Bools, is_rate: bool) -> ConfidenceInterval:
    x1, n1, x2, n2 = _possible(x1, n1, x2, n2, is_rate=is_rate)
    p1, p2 = x1 / n1, x2 / n2
    first, second = (_interval(x, n, is_rate=is_rate) for x, n in ((x1, n1), (x2, n2)))
    spread1, spread2 = (p / n if is_rate else p * (1 - p) / n for p, n in ((p1, n1), (p2, n2)))
    shared = np.where(is_part & (spread2 > 0), n1 / n2 * np.sqrt(spread1 / np.where(spread2 > 0, spread2, 1)), 0)
    correlation = np.minimum(shared, 1)
    down1, up1, down2, up2 = p1 - first.lower, first.upper - p1, p2 - second.lower, second.upper - p2
    return ConfidenceInterval(
        p1 - p2 - np.sqrt(np.maximum(down1**2 + up2**2 - 2 * correlation * down1 * up2, 0)),
        p1 - p2 + np.sqrt(np.maximum(up1**2 + down2**2 - 2 * correlation * up1 * down2, 0)),
    )


def _katz(x1: Reals, n1: Reals, x2: Reals, n2: Reals, *, is_part: Bools, is_rate: bool) -> ConfidenceInterval:
    x1, n1, x2, n2 = _possible(x1, n1, x2, n2, is_rate=is_rate)
    rest1, rest2 = (np.ones_like(x) if is_rate else 1 - x / n for x, n in ((x1, n1), (x2, n2)))
    spread = rest1 / x1 + rest2 / x2 - np.where(is_part, 2 * rest1 / x2, 0)
    middle, width = np.log(x1 / n1) - np.log(x2 / n2), Z * np.sqrt(np.maximum(spread, 0))
    return ConfidenceInterval(np.exp(middle - width), np.exp(middle + width))


def _possible(x1: Reals, n1: Reals, x2: Reals, n2: Reals, *, is_rate: bool) -> tuple[Reals, Reals, Reals, Reals]:
    """The nearest that can be: somebody in a denominator, and no more people in a numerator than in it."""
    n1, n2 = np.maximum(n1, 1), np.maximum(n2, 1)
    x1, x2 = np.maximum(x1, 0), np.maximum(x2, 0)
    return (x1, n1, x2, n2) if is_rate else (np.minimum(x1, n1), n1, np.minimum(x2, n2), n2)


def _interval(x: Reals, n: Reals, *, is_rate: bool) -> ConfidenceInterval:
    if not is_rate:
        return wilson(x, n)
    lower, upper = poisson(x)
    return ConfidenceInterval(lower / n, upper / n)
