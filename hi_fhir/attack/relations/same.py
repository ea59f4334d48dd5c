"""Sums of one part: counts of the same people under two names, or of people who are all among others."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import ANYBODY, NOBODY, Extra, Gathering, Kind
from hi_fhir.attack.relations.versions import add_difference, agree, area_of
from hi_fhir.attack.told import Ints, Report, SamePeople


def add_run(counts: Counts, into: Gathering) -> None:
    """Counts of the whole run are the same in all its reports, whatever the measure and whoever reports."""
    for first, *others in _alike(counts, lambda one: (one.days, one.edition)):
        for other in others:
            if agree(counts, first, other, counts.is_of_run):
                names = np.flatnonzero(counts.grid[first] & counts.grid[other] & counts.is_of_run)
                _equate(counts, Kind.RUN, (first, names), (other, names), NOBODY, into)


def add_change(counts: Counts, most: int, into: Gathering) -> None:
    """Between two days a count changed by `most` people at most: no fact, but what somebody may well suppose."""
    for own in _alike(counts, _measured):
        in_order = sorted(own, key=lambda place: counts.reports[place].days)
        for earlier, later in pairwise(in_order):
            if counts.reports[earlier].days != counts.reports[later].days:
                names = np.flatnonzero(counts.grid[earlier] & counts.grid[later] & ~counts.is_of_run)
                _equate(counts, Kind.CHANGE, (earlier, names), (later, names), Extra(-most, most), into)


def add_same_people(counts: Counts, same: SamePeople, into: Gathering) -> None:
    """Populations that are defined alike, of one measure or of several, and those that lie within another's.

    Of two editions where they tell nothing different of any of these, or where it is known by how much they differ.
    """
    names = cache(lambda one, other: _side_by_side(counts, one, other))
    for reports in _alike(counts, lambda one: (*area_of(one), one.days)):
        editions: dict[str, dict[str, tuple[int, str]]] = {}
        for place in reports:
            report = counts.reports[place]
            found = editions.setdefault(report.edition, {})
            for population, who in same.who.get((report.measure, report.measure_version), {}).items():
                first = found.setdefault(who, (place, population))
                if first != (place, population):
                    _compare(counts, names, first, (place, population), NOBODY, into)
        for found in editions.values():
            for narrow, wide in same.within:
                if narrow in found and wide in found:
                    _compare(counts, names, found[wide], found[narrow], ANYBODY, into)
        for one, other in combinations(editions.values(), 2):
            pairs = [(one[who], other[who]) for who in one if who in other]
            is_counted = all(counts.is_counted[place] for pair in pairs for place, _ in pair)
            if is_counted or all(_agree(counts, names, *pair) for pair in pairs):
                for first, second in pairs:
                    _compare(counts, names, first, second, NOBODY, into)


def add_periods(counts: Counts, same: SamePeople, into: Gathering) -> None:
    """Populations that go by the last days alone, in reports of several periods that end on the same one.

    Who is old on the last day is so in all of these periods.
    """
    names = cache(lambda one, other: _side_by_side(counts, one, other))
    for reports in _alike(counts, lambda one: (*area_of(one), one.reference_date, one.extract_date, one.period[1])):
        found: dict[str, dict[tuple[str, str], tuple[int, str]]] = {}
        for place in reports:
            report = counts.reports[place]
            for population, who in same.who.get((report.measure, report.measure_version), {}).items():
                if who in same.by_last_days:
                    found.setdefault(who, {}).setdefault(report.period, (place, population))
        for by_period in found.values():
            first, *others = by_period.values()
            for other in others:
                _compare(counts, names, first, other, NOBODY, into, Kind.PERIODS)


def _measured(report: Report) -> tuple[str, str, str]:
    return report.measure, report.measure_version, report.reporter


def _alike(counts: Counts, key: Callable[[Report], Any]) -> Iterator[list[int]]:
    """Places of reports that have the same key, in order."""
    found: dict[Any, list[int]] = {}
    for place, report in enumerate(counts.reports):
        found.setdefault(key(report), []).append(place)
    yield from found.values()


def _side_by_side(counts: Counts, one: str, other: str) -> tuple[Ints, Ints]:
    """Names of two populations, of the same strata."""
    pairs = [
        (place, counts.places[twin])
        for name, place in counts.places.items()
        if name.population == one and (twin := name._replace(population=other)) in counts.places
    ]
    columns = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _agree(
    counts: Counts,
    names: Callable[[str, str], tuple[Ints, Ints]],
    first: tuple[int, str],
    other: tuple[int, str],
) -> bool:
    """Whether two populations of reports may be the same in each stratum that both tell of."""
    one, two = names(first[1], other[1])
    is_there = counts.grid[first[0], one] & counts.grid[other[0], two]
    ours, theirs = _places(counts, first[0], one[is_there]), _places(counts, other[0], two[is_there])
    low, high = np.maximum(counts.low[ours], counts.low[theirs]), np.minimum(counts.high[ours], counts.high[theirs])
    return bool((low <= high).all())


def _compare(
    counts: Counts,
    names: Callable[[str, str], tuple[Ints, Ints]],
    wide: tuple[int, str],
    narrow: tuple[int, str],
    extra: Extra,
    into: Gathering,
    kind: Kind = Kind.SAME_PEOPLE,
) -> None:
    """Two populations of reports, in each stratum that both tell of."""
    one, two = names(wide[1], narrow[1])
    is_there = counts.grid[wide[0], one] & counts.grid[narrow[0], two]
    _equate(counts, kind, (wide[0], one[is_there]), (narrow[0], two[is_there]), extra, into)


def _equate(
    counts: Counts,
    kind: Kind,
    whole: tuple[int, Any],
    part: tuple[int, Any],
    extra: Extra,
    into: Gathering,
) -> None:
    wholes, parts = _places(counts, *whole), _places(counts, *part)[:, None]
    if extra == NOBODY and counts.reports[whole[0]].edition != counts.reports[part[0]].edition:
        add_difference(counts, kind, wholes, parts, into)
    else:
        into.add(kind, wholes, parts, extra=extra)


def _places(counts: Counts, report: int, names: Any) -> Ints:
    found: Ints = (report * len(counts.names) + names).astype(np.int32)
    return found
