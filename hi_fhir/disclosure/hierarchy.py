"""What lies within what: strata in coarser ones, crossings in their margins, practices in networks and boards.

Every sum of counts that holds follows from it, so it is what a masked count could be worked out by.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hi_fhir.disclosure.counts import Group, Hierarchy, Stratum
from hi_fhir.measures.stratifiers import (
    ALL,
    ETHNIC_CATEGORY_16,
    ETHNIC_GROUP_5,
    PCN,
    PRACTICE,
    UNKNOWN,
    ByDecile,
    Stratifier,
)


class Sum(NamedTuple):
    """A group that is, in each population, the sum of others."""

    whole: Group
    parts: tuple[Group, ...]


def nested_strata(stratifiers: Iterable[Stratifier], ethnic_groups: Mapping[str, str]) -> dict[Stratum, list[Stratum]]:
    """In which strata of coarser stratifiers each stratum lies. ethnic_groups: category of 2001 to group of 2021."""
    known = {one.id: one for one in stratifiers}
    found: dict[Stratum, list[Stratum]] = {}
    by_decile = [(one, one.rule.upto) for one in known.values() if isinstance(one.rule, ByDecile)]
    for finer, ends in by_decile:
        for coarser, wide_ends in by_decile:
            for code, wide in _deciles(finer, ends, coarser, wide_ends):
                found.setdefault((finer.id, code), []).append((coarser.id, wide))
    if {ETHNIC_CATEGORY_16.id, ETHNIC_GROUP_5.id} <= known.keys():
        for code in ETHNIC_CATEGORY_16.strata:
            found[ETHNIC_CATEGORY_16.id, code] = [(ETHNIC_GROUP_5.id, ethnic_groups.get(code, code))]
    return found


def sums(groups: Collection[Group], hierarchy: Hierarchy) -> Iterator[Sum]:
    """Every sum among the groups of a release, in their order."""
    by_stratifier: dict[tuple[str, str, str], list[Group]] = {}
    for group in groups:
        by_stratifier.setdefault(group[:3], []).append(group)
    there = frozenset(groups)
    for (measure_id, reporter, stratifier), own in by_stratifier.items():
        wider: dict[Stratum, list[Group]] = {} if stratifier == ALL else {(ALL, ALL): own}
        for group in own:
            for stratum in _wider(group, hierarchy):
                wider.setdefault(stratum, []).append(group)
        wholes = {Group(measure_id, reporter, *stratum): parts for stratum, parts in wider.items()}
        yield from (Sum(whole, tuple(parts)) for whole, parts in wholes.items() if whole in there)
    yield from _of_reporters(groups, there, hierarchy)


def _wider(group: Group, hierarchy: Hierarchy) -> Iterator[Stratum]:
    """The strata in which a stratum lies; that of a crossing lies in one of each of its margins."""
    yield from hierarchy.strata.get((group.stratifier, group.stratum), ())
    if "*" in group.stratifier:
        yield from group.components


def _of_reporters(groups: Collection[Group], there: frozenset[Group], hierarchy: Hierarchy) -> Iterator[Sum]:
    """A reporter's groups are the sums of its practices', where these report too; so are its strata of areas.

    They are those of the networks that lie wholly in it and of its other practices as well, however they were put
    together at any time.
    """
    networks = {reporter: _networks(reporter, hierarchy) for reporter in {group.reporter for group in groups}}
    for group in groups:
        covered = hierarchy.practices.get(group.reporter, ())
        if group.stratifier == PRACTICE:
            told = [[Group(group.measure_id, group.stratum, ALL, ALL)]]
        elif group.stratifier == PCN:
            within = [one for one in covered if (hierarchy.pcns.get(one) or UNKNOWN) == group.stratum]
            told = [[Group(group.measure_id, one, ALL, ALL) for one in within]]
            if within and set(within) == set(hierarchy.practices.get(group.stratum, ())):
                told.append([Group(group.measure_id, group.stratum, ALL, ALL)])
        else:
            whole = [one for one in covered if one != group.reporter]
            told = [[group._replace(reporter=one) for one in parts] for parts in (whole, *networks[group.reporter])]
        for parts in told:
            if parts and all(part in there for part in parts):
                yield Sum(group, tuple(parts))


def _networks(reporter: str, hierarchy: Hierarchy) -> list[list[str]]:
    """Of each time: the networks in a reporter that have no practice in common, and its practices in none of them.

    With each network first in turn, then the widest: boards that became part of another have networks in them.
    """
    own = frozenset(hierarchy.practices.get(reporter, ()))
    found: dict[frozenset[str], list[str]] = {}
    for division in (hierarchy.practices, *hierarchy.divisions):
        within = {one: frozenset(practices) for one, practices in division.items() if len(practices) > 1}
        widest = sorted(
            (one for one in within if one != reporter and within[one] <= own), key=lambda one: _width(within, one)
        )
        for first in widest:
            left, parts = set(own), []
            for one in (first, *widest):
                if within[one] <= left:
                    parts.append(one)
                    left -= within[one]
            found.setdefault(frozenset((*parts, *left)), [*sorted(parts), *sorted(left)])
    return list(found.values())


def _width(networks: Mapping[str, Collection[str]], network: str) -> tuple[int, str]:
    return -len(networks[network]), network


def _deciles(
    finer: Stratifier, ends: Sequence[int], coarser: Stratifier, wide_ends: Sequence[int]
) -> Iterator[tuple[str, str]]:
    """Each stratum of `finer` and that of `coarser` which holds it, where each of the finer's lies in one.

    ends, wide_ends: the highest decile of each stratum but the last, which is of whoever has none.
    """
    if finer == coarser or not set(wide_ends) <= set(ends):
        return
    for code, upto in zip(finer.strata, ends, strict=False):
        yield code, next(wide for wide, end in zip(coarser.strata, wide_ends, strict=False) if upto <= end)
    yield finer.strata[-1], coarser.strata[-1]
