"""The shares and ratios that a report gives, as arrays for statistics: from its cells alone."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.cells import StratumCells
from hi_fhir.disclosure.counts import ROUNDED, SCORE
from hi_fhir.disclosure.policies import Rule
from hi_fhir.measures.model import OCCASIONS
from hi_fhir.reports.cells import Strata
from hi_fhir.statistics.counts import ConfidenceInterval, GivenCounts
from hi_fhir.statistics.intervals import rate_interval, share_interval

_DENOMINATOR = ("denominator", "denominator_exclusion", "denominator_exception")
_NUMERATOR = ("numerator", "numerator_exclusion")

Stratum = tuple[str, str]
"""Id of a stratifier and code of one of its strata."""


class ReleasedShares(NamedTuple):
    """The strata of a report that have a score, each with its place in the arrays.

    is_ratio: the numerator counts occasions, not people of the denominator.
    """

    places: dict[Stratum, int]
    numerator: GivenCounts
    denominator: GivenCounts
    is_ratio: bool

    def intervals(self) -> ConfidenceInterval:
        """Of each score, with what rounding leaves open."""
        interval = rate_interval if self.is_ratio else share_interval
        return interval(self.numerator, self.denominator)


def shares(strata: Strata, rule: Rule) -> ReleasedShares | None:
    """What the scores of a report are made of; None: it has none. rule: by which its counts were rounded."""
    there = {
        (stratifier, stratum): cells
        for stratifier, own in strata.items()
        for stratum, cells in own.items()
        if SCORE not in cells.populations and "denominator" in cells.populations
    }
    if not there:
        return None
    populations = next(iter(there.values())).populations
    counts = _counts([*there.values()], rule)
    return ReleasedShares(
        {stratum: place for place, stratum in enumerate(there)},
        _left(counts, populations, _numerator(populations)),
        _left(counts, populations, _DENOMINATOR),
        OCCASIONS in populations,
    )


def scored(populations: Collection[str]) -> list[str]:
    """Those of the populations that a score is worked out from."""
    return [name for name in (*_numerator(populations), *_DENOMINATOR) if name in populations]


def _numerator(populations: Collection[str]) -> tuple[str, ...]:
    return (OCCASIONS,) if OCCASIONS in populations else _NUMERATOR


def _counts(cells: Sequence[StratumCells], rule: Rule) -> GivenCounts:
    """By stratum and population. A rounded count is none of those that are masked."""
    given = np.array([one.values for one in cells], dtype=np.float64)
    off = np.array([_off(one.states, rule.base // 2) for one in cells], dtype=np.float64)
    least = np.where(off > 0, np.maximum(given - off, rule.masked_to + 1), given)
    return GivenCounts(given, least, given + off)


@cache
def _off(states: tuple[str, ...], most: int) -> tuple[int, ...]:
    """By how much each count may be another than is given."""
    return tuple(most if state == ROUNDED else 0 for state in states)


def _left(counts: GivenCounts, populations: Sequence[str], names: Sequence[str]) -> GivenCounts:
    """The first of the named populations without the others."""
    first, *others = (counts.of(populations.index(name)) for name in names if name in populations)
    for other in others:
        first -= other
    return first
