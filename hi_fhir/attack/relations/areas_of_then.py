"""Sums between areas of two times: a network with a practice more than before, boards that became one."""

from collections.abc import Iterable, Iterator, Mapping

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.areas import summed
from hi_fhir.attack.relations.sums import Gathering, Kind
from hi_fhir.attack.relations.versions import Area, add_difference, same_counts

Practices = frozenset[str]


def add_areas_of_then(counts: Counts, into: Gathering) -> None:
    """Add, of one measure and day, the sums among areas that no one edition has together.

    Only of what was not corrected in between: of such areas, one report stands for all.
    """
    for areas in same_counts(counts):
        places = {area: lists[0] for area, lists in areas.items() if len(lists) == 1 and area[1]}
        editions = {area: frozenset(counts.reports[one].edition for one in own) for area, own in places.items()}
        if not _are_areas_different(editions):
            continue
        for whole, parts in _covers(editions):
            if not frozenset.intersection(*(editions[one] for one in (whole, *parts))):
                wholes, own = summed(counts, places[whole][-1], [places[one][-1] for one in parts])
                add_difference(counts, Kind.THEN, wholes, own, into)


def _are_areas_different(editions: Mapping[Area, frozenset[str]]) -> bool:
    """Whether an edition has areas that another has not."""
    of_all = _all(editions)
    return any(len(own) < len(of_all) for area, own in editions.items() if len(area[1]) > 1)


def _covers(editions: Mapping[Area, frozenset[str]]) -> Iterator[tuple[Area, list[Area]]]:
    """Each area with others that make it up, no two of them with the same practice."""
    practices = {code: (code, own) for code, own in editions if own == {code}}
    wide = sorted(
        (area for area in editions if len(area[1]) > 1), key=lambda one: (-len(one[1]), one[0], sorted(one[1]))
    )
    for whole in wide:
        within = [one for one in wide if one != whole and one[1] <= whole[1]]
        orders = [[one, *own] for own in (within, within[::-1]) for one in within] or [within]
        seen: set[frozenset[Area]] = set()
        for order in orders:
            parts = _cover(whole, order, practices)
            if parts and frozenset(parts) not in seen:
                seen.add(frozenset(parts))
                yield whole, parts


def _all(editions: Mapping[Area, frozenset[str]]) -> list[str]:
    return sorted(frozenset[str]().union(*editions.values()))


def _cover(whole: Area, order: Iterable[Area], practices: Mapping[str, Area]) -> list[Area]:
    """The first areas in order that fit into what is left of a wider one, then its practices; none where one lacks."""
    left = set(whole[1])
    found = []
    for area in order:
        if left.issuperset(area[1]):
            found.append(area)
            left -= area[1]
    if not left <= practices.keys():
        return []
    return [*found, *(practices[one] for one in sorted(left))]
