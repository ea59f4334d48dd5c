"""The shares and ratios that reports give, as arrays for statistics: from their cells alone."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.cells import StratumCells
from hi_fhir.disclosure.counts import ROUNDED, SCORE
from hi_fhir.disclosure.policies import Rule
from hi_fhir.measures.model import OCCASIONS
from hi_fhir.reports.cells import Strata
from hi_fhir.statistics.counts import Bools, Fractions, GivenCounts

_DENOMINATOR = ("denominator", "denominator_exclusion", "denominator_exception")
_NUMERATOR = ("numerator", "numerator_exclusion")

StratumName = tuple[str, str]
"""Id of a stratifier and code of one of its strata."""


class ReleasedShares(NamedTuple):
    """The strata of reports that have a score: by report, each with its place in the arrays.

    absent: why the others have none. is_rate: the numerator counts occasions, not people of the denominator.
    """

    places: list[dict[StratumName, int]]
    absent: list[dict[StratumName, str]]
    values: Fractions
    is_rate: Bools


def released_shares(reports: Sequence[Strata], rule: Rule) -> ReleasedShares:
    """What the scores of reports are made of. rule: by which their counts were rounded."""
    places: list[dict[StratumName, int]] = [{} for _ in reports]
    absent: list[dict[StratumName, str]] = [{} for _ in reports]
    there: dict[tuple[str, ...], list[tuple[dict[StratumName, int], StratumName, StratumCells]]] = {}
    for own, without, strata in zip(places, absent, reports, strict=True):
        for name, cells in _cells(strata):
            if SCORE in cells.populations:
                without[name] = cells.reasons[cells.populations.index(SCORE)] or ""
            elif "denominator" in cells.populations:
                there.setdefault(cells.populations, []).append((own, name, cells))
    numerators, denominators, is_rate = list[GivenCounts](), list[GivenCounts](), list[bool]()
    for populations, some in there.items():
        for own, name, _ in some:
            own[name] = len(is_rate)
            is_rate.append(OCCASIONS in populations)
        counts = _counts([cells for *_, cells in some], rule)
        numerators.append(_left(counts, populations, _numerator(populations)))
        denominators.append(_left(counts, populations, _DENOMINATOR))
    return ReleasedShares(
        places, absent, Fractions(_joined(numerators), _joined(denominators)), np.array(is_rate, dtype=np.bool_)
    )


def scored(populations: Collection[str]) -> list[str]:
    """Those of the populations that a score is worked out from."""
    return [name for name in (*_numerator(populations), *_DENOMINATOR) if name in populations]


def _cells(strata: Strata) -> Iterable[tuple[StratumName, StratumCells]]:
    return (((stratifier, stratum), cells) for stratifier, own in strata.items() for stratum, cells in own.items())


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


def _joined(parts: Sequence[GivenCounts]) -> GivenCounts:
    return GivenCounts(*map(np.concatenate, zip(*parts, strict=True))) if parts else GivenCounts.exact([])
