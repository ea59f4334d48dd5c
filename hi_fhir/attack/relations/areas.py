"""Sums among reports: practices to networks and boards, whose strata by practice and network are reports of others."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import Gathering, Kind
from hi_fhir.attack.told import ALL, Ints, Name

_UNKNOWN = "unknown"
"""The stratum of practices whose network is not known."""
Context = tuple[str, str, tuple[str, str, tuple[str, str]], str]
"""Measure, its version, days and edition."""


def add_areas(counts: Counts, into: Gathering) -> None:
    """Add the sums among the reports of one measure, of the same days and edition."""
    contexts: dict[Context, dict[str, int]] = {}
    for place, report in enumerate(counts.reports):
        context = (report.measure, report.measure_version, report.days, report.edition)
        contexts.setdefault(context, {}).setdefault(report.reporter, place)
    by_area = _strata_by_area(counts)
    is_by_area = np.zeros(len(counts.names), dtype=np.bool_)
    is_by_area[[stratum for names in by_area.values() for stratum, _ in names]] = True
    for reports in contexts.values():
        members = {one: _members(counts, place, reports) for one, place in reports.items()}
        for reporter, whole in reports.items():
            for parts in covers(reporter, members, reports):
                into.add(Kind.AREAS, *summed(counts, whole, [reports[one] for one in parts]))
            if (counts.grid[whole] & is_by_area).any():
                _add_strata(counts, whole, reports, members, by_area, into)


def _members(counts: Counts, place: int, reports: Mapping[str, int]) -> frozenset[str]:
    """The practices of a report: as it says, else its strata, of a stratifier of which all are reporters themselves."""
    report = counts.reports[place]
    if report.practices:
        return frozenset(report.practices)
    strata: dict[str, set[str]] = {}
    for name in np.flatnonzero(counts.grid[place]).tolist():
        stratifier, stratum = counts.names[name].group
        strata.setdefault(stratifier, set()).add(stratum)
    others = reports.keys() - {report.reporter}
    found = [own for own in strata.values() if own <= others]
    return frozenset(found[0]) if found else frozenset({report.reporter})


def _add_strata(
    counts: Counts,
    whole: int,
    reports: Mapping[str, int],
    members: Mapping[str, frozenset[str]],
    by_area: Mapping[str, Sequence[tuple[int, int]]],
    into: Gathering,
) -> None:
    """What the strata of a report are that are areas themselves."""
    reporter = counts.reports[whole].reporter
    for code, names in by_area.items():
        if code in reports and code != reporter and members[code] <= members[reporter]:
            _equal(counts, whole, reports[code], names, into)
        within = sorted(members.get(code, frozenset()) & members[reporter] - {code})
        if within and all(one in by_area for one in within):
            _sum_of_practices(counts, whole, names, [by_area[one] for one in within], into)


def covers(reporter: str, members: Mapping[str, frozenset[str]], reports: Mapping[str, int]) -> Iterator[list[str]]:
    """Each way in which other reporters, no two with the same practice, make up a reporter; one may be all of it."""
    own = members[reporter]
    practices = sorted(own & reports.keys() - {reporter})
    if len(practices) == len(own) and practices:
        yield practices
    yield from ([one] for one in sorted(reports) if one > reporter and members[one] == own and len(own) > 1)
    networks = [one for one in sorted(reports) if len(members[one]) > 1 and members[one] < own]
    chosen: list[str] = []
    left = set(own)
    for one in networks:
        if members[one] <= left:
            chosen.append(one)
            left -= members[one]
    if chosen and left <= reports.keys():
        yield [*chosen, *sorted(left)]


def summed(counts: Counts, whole: int, parts: Sequence[int]) -> tuple[Ints, Ints]:
    """Every count of a report that all of `parts` have too, and what it is the sum of."""
    is_told = counts.grid[[whole, *parts]].all(axis=0) & ~counts.is_of_run
    names = np.flatnonzero(is_told).astype(np.int32)
    width = len(counts.names)
    return whole * width + names, np.array(parts, dtype=np.int32) * width + names[:, None]


def _strata_by_area(counts: Counts) -> dict[str, list[tuple[int, int]]]:
    """Strata of stratifiers of which all are called as reporters or practices are: their codes to places of names.

    The places are those of the stratum's name and of the whole's.
    """
    codes = {one.reporter for one in counts.reports} | {code for one in counts.reports for code in one.practices}
    strata: dict[str, set[str]] = {}
    for name in counts.names:
        strata.setdefault(name.stratifier, set()).add(name.stratum)
    by_area = {stratifier for stratifier, own in strata.items() if own <= codes | {_UNKNOWN}}
    found: dict[str, list[tuple[int, int]]] = {}
    for name, place in counts.places.items():
        whole = counts.places.get(Name(ALL, ALL, name.population))
        if name.stratifier in by_area and whole is not None:
            found.setdefault(name.stratum, []).append((place, whole))
    return found


def _equal(counts: Counts, wide: int, own: int, names: Sequence[tuple[int, int]], into: Gathering) -> None:
    """The strata of an area in a wider one's report are the area's own whole."""
    width = len(counts.names)
    there = [(stratum, whole) for stratum, whole in names if counts.grid[wide, stratum] and counts.grid[own, whole]]
    if there:
        strata, wholes = np.array(there, dtype=np.int32).T
        into.add(Kind.AREAS, wide * width + strata, (own * width + wholes)[:, None])


def _sum_of_practices(
    counts: Counts,
    wide: int,
    names: Sequence[tuple[int, int]],
    practices: Sequence[Sequence[tuple[int, int]]],
    into: Gathering,
) -> None:
    """The stratum of a network is the sum of those of its practices in the same report."""
    first = wide * len(counts.names)
    for stratum, whole in names:
        parts = [place for own in practices for place, its_whole in own if its_whole == whole]
        if len(parts) == len(practices) and counts.grid[wide, [stratum, *parts]].all():
            places = np.array([parts], dtype=np.int32) + first
            into.add(Kind.AREAS, np.array([first + stratum], dtype=np.int32), places)
