"""Directly standardised rates: what a rate would be if the people had the ages of a standard population.

Source: Dobson AJ et al., Statistics in Medicine 10 (1991) 457-462, with Byar's interval of the count, as OHID uses it.
"""

from typing import NamedTuple

import numpy as np

from hi_fhir.statistics.counts import ConfidenceInterval, GivenCounts, Reals
from hi_fhir.statistics.intervals import byar

DOBSON = "dobson"
FEWEST = 10
"""No rate is given of fewer in all numerators."""


class StandardisedRate(NamedTuple):
    """By row."""

    value: Reals
    interval: ConfidenceInterval


def standardised_rate(numerator: GivenCounts, denominator: GivenCounts, weights: Reals) -> StandardisedRate:
    """Rates by person. Rows: one population each; columns: its age bands, with their weights.

    The interval is that of the fewest possible in the numerators of the most in the denominators, to the other way
    about.

    Raises:
        ValueError: an age band with a weight has nobody in its denominator.
    """
    if not (denominator.given > 0).all():
        raise ValueError("a rate is of somebody")
    value, _ = _dobson(numerator.given, denominator.given, weights)
    fewest = np.maximum(denominator.least, 1)
    _, lowest = _dobson(np.maximum(numerator.least, 0), denominator.most, weights)
    _, highest = _dobson(numerator.most, fewest, weights)
    return StandardisedRate(value, ConfidenceInterval(lowest.lower, highest.upper))


def _dobson(x: Reals, n: Reals, weights: Reals) -> tuple[Reals, ConfidenceInterval]:
    each = weights / weights.sum() / n
    rate, count = (x * each).sum(axis=1), x.sum(axis=1)
    lower, upper = byar(count)
    spread = np.sqrt((x * each**2).sum(axis=1) / np.maximum(count, 1))
    return rate, ConfidenceInterval(rate + spread * (lower - count), rate + spread * (upper - count))
