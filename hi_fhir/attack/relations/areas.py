"""Sums among reports: practices to networks and boards, whose strata by practice and network are reports of others."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import Gathering, Kind
from hi_fhir.attack.told import ALL, Name

Context = tuple[str, str, tuple[str, str, tuple[str, str]]]
"""Measure, its version and days."""


def add_areas(counts: Counts, into: Gathering) -> None:
    """Add the sums among the reports of one measure and the same days."""
    contexts: dict[Context, dict[str, int]] = {}
    for place, report in enumerate(counts.reports):
        contexts.setdefault((report.measure, report.measure_version, report.days), {}).setdefault(
            report.reporter, place
        )
    members = _members(counts)
    for reports in contexts.values():
        for reporter, whole in reports.items():
            for parts in covers(reporter, members, reports):
                _add(counts, whole, [reports[one] for one in parts], into)
    by_area = _strata_by_area(counts)
    for reports in contexts.values():
        for reporter, whole in reports.items():
            for code, names in by_area.items():
                own = members.get(reporter, frozenset())
                if code in reports and code != reporter and members.get(code, frozenset((code,))) <= own:
                    _equal(counts, whole, reports[code], names, into)
                _sum_of_practices(counts, whole, code, members, names, by_area, into)


def _members(counts: Counts) -> dict[str, frozenset[str]]:
    """The practices of each reporter: as its report says, else the strata that are reporters themselves."""
    found: dict[str, frozenset[str]] = {}
    for report in counts.reports:
        if report.practices:
            found[report.reporter] = frozenset(report.practices)
    return found


def covers(reporter: str, members: Mapping[str, frozenset[str]], reports: Mapping[str, int]) -> Iterator[list[str]]:
    """Each way in which other reporters, no two with the same practice, make up a reporter."""
    own = members.get(reporter, frozenset())
    practices = sorted(own & reports.keys() - {reporter})
    if len(practices) == len(own) and practices:
        yield practices
    networks = [one for one in sorted(reports) if len(members.get(one, ())) > 1 and members[one] < own]
    chosen: list[str] = []
    left = set(own)
    for one in networks:
        if members[one] <= left:
            chosen.append(one)
            left -= members[one]
    if chosen and left <= reports.keys():
        yield [*chosen, *sorted(left)]


def _add(counts: Counts, whole: int, parts: Sequence[int], into: Gathering) -> None:
    """Every count of a report that all of `parts` have too is their sum."""
    is_told = counts.grid[[whole, *parts]].all(axis=0) & ~counts.is_of_run
    names = np.flatnonzero(is_told).astype(np.int32)
    width = len(counts.names)
    into.add(Kind.AREAS, whole * width + names, np.array(parts, dtype=np.int32) * width + names[:, None])


def _strata_by_area(counts: Counts) -> dict[str, list[tuple[int, int]]]:
    """Strata called as a reporter or practice is: code to the places of their names and of the whole's names."""
    codes = {one.reporter for one in counts.reports} | {code for one in counts.reports for code in one.practices}
    found: dict[str, list[tuple[int, int]]] = {}
    for name, place in counts.places.items():
        whole = counts.places.get(Name(ALL, ALL, name.population))
        if name.stratum in codes and whole is not None:
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
    code: str,
    members: Mapping[str, frozenset[str]],
    names: Sequence[tuple[int, int]],
    by_area: Mapping[str, Sequence[tuple[int, int]]],
    into: Gathering,
) -> None:
    """The stratum of a network is the sum of those of its practices in the same report."""
    within = sorted(members.get(code, frozenset()) & members.get(counts.reports[wide].reporter, frozenset()) - {code})
    if not within or not all(one in by_area for one in within):
        return
    width = len(counts.names)
    for stratum, whole in names:
        parts = [place for one in within for place, its_whole in by_area[one] if its_whole == whole]
        if len(parts) == len(within) and counts.grid[wide, [stratum, *parts]].all():
            members_ = np.array([parts], dtype=np.int32) + wide * width
            into.add(Kind.AREAS, np.array([wide * width + stratum], dtype=np.int32), members_)
