"""Which reports tell of the same counts: versions, audiences and editions of one measure, reporter and day."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from hi_fhir.attack.counts import UNKNOWN, Counts
from hi_fhir.attack.relations.sums import Extra, Gathering, Kind
from hi_fhir.attack.told import Bools, Ints, Report

Measured = tuple[str, str, str, tuple[str, str]]
"""Measure, its version, reference date and period."""
Area = tuple[str, frozenset[str]]
"""A reporter and its practices."""


def measured(report: Report) -> Measured:
    """What has to be the same for counts of a reporter to be. A later extract may hold the same, or correct it."""
    return report.measure, report.measure_version, report.reference_date or report.extract_date, report.period


def area_of(report: Report) -> Area:
    """Who is counted in a report: a network with other practices than before is another area."""
    return report.reporter, frozenset(report.practices)


def same_counts(counts: Counts) -> Iterator[dict[Area, list[list[int]]]]:
    """Of each measure and day, by area: places of reports that tell of the same counts, in lists.

    Two that differ somewhere do not: the later is a correction. Then neither are the two editions' reports of who has
    a practice that was corrected, whether they differ or not.
    """
    days: dict[Measured, dict[Area, list[int]]] = {}
    for place, report in enumerate(counts.reports):
        days.setdefault(measured(report), {}).setdefault(area_of(report), []).append(place)
    for areas in days.values():
        corrected: dict[frozenset[str], set[str]] = {}
        found = {}
        for area, places in sorted(areas.items(), key=lambda one: (len(one[0][1]), one[1])):
            found[area] = _same(counts, area, places, corrected)
            _mark_corrected(counts, area, found[area], corrected)
        yield found


def add_versions(counts: Counts, into: Gathering) -> None:
    """Equate what reports of the same counts tell, whoever they are for.

    Of editions whose true counts are at hand it is known by how much they differ. Else it is supposed that nothing was
    corrected where they tell nothing different.
    """
    for areas in same_counts(counts):
        for lists in areas.values():
            counted = [place for own in lists for place in own if counts.is_counted[place]]
            supposed = [pair for own in lists for pair in pairwise(own) if not counts.is_counted[list(pair)].all()]
            for one, other in (*supposed, *pairwise(sorted(counted))):
                names = np.flatnonzero(counts.grid[one] & counts.grid[other] & ~counts.is_of_run)
                add_difference(
                    counts, Kind.VERSIONS, _places(counts, one, names), _places(counts, other, names)[:, None], into
                )


def add_difference(counts: Counts, kind: Kind, wholes: Ints, parts: Ints, into: Gathering) -> None:
    """Wholes that are the sums of their parts, but for what was corrected between editions. parts: as of Gathering.

    Who does not know what was corrected sees at most which of the counts that reports have cells for are the same. Of
    those who are left over he knows no more than follows from these.
    """
    if not counts.knows_changes:
        has_cell = counts.has_cell[wholes]
        wholes, parts = wholes[has_cell], parts[has_cell]
    is_known = (counts.true[wholes] != UNKNOWN) & (counts.true[parts] != UNKNOWN).all(axis=1)
    difference = np.where(is_known, counts.true[wholes] - counts.true[parts].sum(axis=1), 0)
    for change in np.unique(difference).tolist():
        if change == 0 or counts.knows_changes:
            rows = difference == change
            into.add(kind, wholes[rows], parts[rows], extra=Extra(change, change))


def agree(counts: Counts, one: int, other: int, is_meant: Bools) -> bool:
    """Whether two reports tell nothing different of what both tell."""
    names = np.flatnonzero(counts.grid[one] & counts.grid[other] & is_meant)
    first, second = _places(counts, one, names), _places(counts, other, names)
    low, high = (by(end[first], end[second]) for by, end in ((np.maximum, counts.low), (np.minimum, counts.high)))
    return bool((low <= high).all())


def _same(
    counts: Counts, area: Area, places: Sequence[int], corrected: dict[frozenset[str], set[str]]
) -> list[list[int]]:
    """Each report with the latest before that it agrees with, and with all that are of the same counts as that."""
    found: list[list[int]] = []
    for place in places:
        for own in reversed(found):
            if all(_is_same(counts, area, one, place, corrected) for one in own):
                own.append(place)
                break
        else:
            found.append([place])
    return found


def _is_same(counts: Counts, area: Area, one: int, other: int, corrected: dict[frozenset[str], set[str]]) -> bool:
    known = corrected.get(_editions(counts, one, other), set())
    return known.isdisjoint(area[1]) and agree(counts, one, other, ~counts.is_of_run)


def _mark_corrected(
    counts: Counts, area: Area, lists: Sequence[Sequence[int]], corrected: dict[frozenset[str], set[str]]
) -> None:
    """A practice of which two editions tell different things was corrected from one to the other."""
    if len(area[1]) == 1 and len(lists) > 1:
        apart = [
            (one, other) for own in lists for others in lists if own is not others for one in own for other in others
        ]
        for one, other in apart:
            if len(editions := _editions(counts, one, other)) > 1:
                corrected.setdefault(editions, set()).update(area[1])


def _editions(counts: Counts, one: int, other: int) -> frozenset[str]:
    return frozenset((counts.reports[one].edition, counts.reports[other].edition))


def _places(counts: Counts, report: int, names: Any) -> Ints:
    found: Ints = (report * len(counts.names) + names).astype(np.int32)
    return found
