"""Sums of one part: counts of the same people under two names, or of people who are all among others."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import ANYBODY, NOBODY, Extra, Gathering, Kind
from hi_fhir.attack.told import Bools, Ints, Report, SamePeople


def add_versions(counts: Counts, into: Gathering) -> None:
    """Reports of the same measure, reporter and days, whoever they are for, count the same people.

    Two that differ somewhere do not: the later is a correction.
    """
    for first, *others in _alike(counts, lambda one: (*_measured(one), one.days)):
        for other in others:
            _link(counts, Kind.VERSIONS, first, other, ~counts.is_of_run, into)


def add_run(counts: Counts, into: Gathering) -> None:
    """Counts of the whole run are the same in all its reports, whatever the measure and whoever reports."""
    for first, *others in _alike(counts, lambda one: one.days):
        for other in others:
            _link(counts, Kind.RUN, first, other, counts.is_of_run, into)


def add_change(counts: Counts, most: int, into: Gathering) -> None:
    """Between two days a count changed by `most` people at most: no fact, but what somebody may well suppose."""
    for own in _alike(counts, _measured):
        in_order = sorted(own, key=lambda place: counts.reports[place].days)
        for earlier, later in pairwise(in_order):
            if counts.reports[earlier].days != counts.reports[later].days:
                names = np.flatnonzero(counts.grid[earlier] & counts.grid[later] & ~counts.is_of_run)
                _equate(counts, Kind.CHANGE, (earlier, names), (later, names), Extra(-most, most), into)


def add_same_people(counts: Counts, same: SamePeople, into: Gathering) -> None:
    """Populations that are defined alike, of one measure or of several, and those that lie within another's."""
    names = cache(lambda one, other: _side_by_side(counts, one, other))
    for reports in _alike(counts, lambda one: (one.reporter, one.days)):
        found: dict[str, tuple[int, str]] = {}
        for place in reports:
            report = counts.reports[place]
            for population, who in same.who.get((report.measure, report.measure_version), {}).items():
                first = found.setdefault(who, (place, population))
                if first != (place, population):
                    _compare(counts, names, first, (place, population), NOBODY, into)
        for narrow, wide in same.within:
            if narrow in found and wide in found:
                _compare(counts, names, found[wide], found[narrow], ANYBODY, into)


def _measured(report: Report) -> tuple[str, str, str]:
    return report.measure, report.measure_version, report.reporter


def _alike(counts: Counts, key: Callable[[Report], Any]) -> Iterator[list[int]]:
    """Places of reports that have the same key, in order."""
    found: dict[Any, list[int]] = {}
    for place, report in enumerate(counts.reports):
        found.setdefault(key(report), []).append(place)
    yield from found.values()


def _link(counts: Counts, kind: Kind, first: int, other: int, is_meant: Bools, into: Gathering) -> None:
    """Equate what both reports tell, unless they tell different things."""
    names = np.flatnonzero(counts.grid[first] & counts.grid[other] & is_meant)
    one, two = _places(counts, first, names), _places(counts, other, names)
    if (np.maximum(counts.low[one], counts.low[two]) <= np.minimum(counts.high[one], counts.high[two])).all():
        into.add(kind, one, two[:, None])


def _side_by_side(counts: Counts, one: str, other: str) -> tuple[Ints, Ints]:
    """Names of two populations, of the same strata."""
    pairs = [
        (place, counts.places[twin])
        for name, place in counts.places.items()
        if name.population == one and (twin := name._replace(population=other)) in counts.places
    ]
    columns = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _compare(
    counts: Counts,
    names: Callable[[str, str], tuple[Ints, Ints]],
    wide: tuple[int, str],
    narrow: tuple[int, str],
    extra: Extra,
    into: Gathering,
) -> None:
    """Two populations of reports, in each stratum that both tell of."""
    one, two = names(wide[1], narrow[1])
    is_there = counts.grid[wide[0], one] & counts.grid[narrow[0], two]
    _equate(counts, Kind.SAME_PEOPLE, (wide[0], one[is_there]), (narrow[0], two[is_there]), extra, into)


def _equate(
    counts: Counts,
    kind: Kind,
    whole: tuple[int, Any],
    part: tuple[int, Any],
    extra: Extra,
    into: Gathering,
) -> None:
    into.add(kind, _places(counts, *whole), _places(counts, *part)[:, None], extra=extra)


def _places(counts: Counts, report: int, names: Any) -> Ints:
    found: Ints = (report * len(counts.names) + names).astype(np.int32)
    return found
