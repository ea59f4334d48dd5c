"""What all statistics of reports have in common: shares apart from rates, when there are none, numbers as told."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from hi_fhir.disclosure.scores import EMPTY
from hi_fhir.reports.derived.rows import DECIMALS, NOTHING, About, Numbers, Statistic
from hi_fhir.reports.derived.shares import ReleasedShares, StratumName
from hi_fhir.statistics.counts import Bools, ConfidenceInterval, Reals
from hi_fhir.statistics.when_given import EMPTY_PART, PART_NOT_GIVEN

Found = Iterator[tuple[int, Statistic]]
"""Statistics, each with the place of its report."""


def by_kind(is_rate: Bools, function: Callable[[Bools, bool], ConfidenceInterval]) -> ConfidenceInterval:
    """Shares and rates apart, which have other intervals. function: takes the places of one kind."""
    lower, upper = np.empty(is_rate.shape), np.empty(is_rate.shape)
    for kind in (False, True):
        places = is_rate == kind
        if places.any():
            lower[places], upper[places] = function(places, kind)
    return ConfidenceInterval(lower, upper)


def why_absent(shares: ReleasedShares, report: int, names: Iterable[StratumName]) -> str:
    """Why a statistic of these strata is not given, where one of them has no score."""
    places, absent = shares.places[report], shares.absent[report]
    is_empty = all(absent.get(name) == EMPTY for name in names if name not in places)
    return EMPTY_PART if is_empty else PART_NOT_GIVEN


def untold(report: int, abouts: Iterable[About], reason: str) -> Found:
    """That statistics are not given."""
    return ((report, Statistic(about, NOTHING, False, reason)) for about in abouts)


def spelt(value: Reals, interval: ConfidenceInterval) -> list[Numbers]:
    """Value and ends by row, rounded; what is no number is none."""
    with np.errstate(invalid="ignore"):
        columns = [(np.round(one, DECIMALS) + 0.0).tolist() for one in (value, *interval)]
    return [(_number(one), _number(lower), _number(upper)) for one, lower, upper in zip(*columns, strict=True)]


def _number(number: float) -> float | None:
    return None if number != number else number
