"""Exact counts of made-up people as a release has them, at any size, without measures, FHIR or an evaluation."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.hierarchy import nested_strata
from hi_fhir.measures.stratifiers import ALL, CORE_STRATIFIERS, PCN, PRACTICE, ByDecile, Stratifier
from hi_fhir.terminology.catalogue import load

OUTCOMES = ("denominator_exclusion", "denominator_exception", "numerator")
"""Populations of which each person of a denominator is in one at most."""

Numbers = npt.NDArray[np.int64]


class Sizes(NamedTuple):
    """How many of each. people: of each practice, about. shared: measures with the same initial population."""

    measures: int
    practices: int
    pcns: int
    people: int
    shared: int = 10


def made_up_release(sizes: Sizes, seed: int) -> ExactCounts:
    """Counts of one board, its networks and practices by the breakdowns that every measure has."""
    draw = np.random.default_rng(seed)
    practices = [f"A{number:05}" for number in range(sizes.practices)]
    pcns = {practice: f"U{number % sizes.pcns:05}" for number, practice in enumerate(practices)}
    reporters = {practice: (practice,) for practice in practices}
    reporters |= {pcn: tuple(one for one in practices if pcns[one] == pcn) for pcn in sorted(set(pcns.values()))}
    reporters["QZ1"] = tuple(practices)
    practice = np.repeat(np.arange(sizes.practices), sizes.people)
    person = _people(draw, practice, sizes.practices)
    groups: dict[Group, dict[str, int]] = {}
    for number in range(sizes.measures):
        if number % sizes.shared == 0:
            is_in = draw.random(len(practice)) < draw.choice([0.01, 0.05, 0.2, 0.8])
        populations = _populations(draw, is_in)
        _count(f"m{number:03}", populations, person, practice, practices, reporters, pcns, groups)
    same = {
        (f"m{number:03}", population): frozenset({number // sizes.shared})
        for number in range(sizes.measures)
        for population in ("initial_population", "denominator")
    }
    known = load().ethnicity().categories
    nested = nested_strata(
        [part for one in CORE_STRATIFIERS for part in one.parts],
        {letter: one.group_2021 for letter, one in known.items()},
    )
    return ExactCounts(groups, {}, {}, hierarchy=Hierarchy(nested, reporters, pcns), conditions=same)


def _people(draw: np.random.Generator, practice: Numbers, practices: int) -> dict[str, Numbers]:
    """The position of each person's stratum, by stratifier; neighbours are alike in decile and ethnic category."""
    count = len(practice)
    centre = draw.integers(0, 10, practices)[practice]
    decile = np.clip(np.rint(draw.normal(centre, 1.5)), 0, 9).astype(np.int64)
    decile[draw.random(count) < 0.02] = 10
    shares = draw.dirichlet([20, 1, 2, 1, 1, 1, 1, 3, 3, 2, 2, 2, 3, 1, 1, 1, 1, 0.5, 0.2, 1], practices)
    ends = shares.cumsum(axis=1)
    category = (draw.random(count)[:, None] > ends[practice]).sum(axis=1).clip(0, 19)
    found = {"imd-decile": decile, "ethnic-category-16": category}
    found["sex"] = draw.choice(4, count, p=[0.5, 0.49, 0.005, 0.005])
    found["age-band"] = draw.choice(7, count, p=[0.15, 0.06, 0.3, 0.3, 0.13, 0.05, 0.01])
    known = load().ethnicity().categories
    parts = {part.id: part for one in CORE_STRATIFIERS for part in one.parts}
    groups = parts["ethnic-group-5"].strata
    wide = [
        groups.index(known[code].group_2021 if code in known else code) for code in parts["ethnic-category-16"].strata
    ]
    found["ethnic-group-5"] = np.array(wide)[category]
    for one in (parts["imd-quintile"], parts["core20"]):
        assert isinstance(one.rule, ByDecile)
        place = np.searchsorted(one.rule.upto, decile + 1)
        found[one.id] = np.where(decile == 10, len(one.strata) - 1, place)
    return found


def _populations(draw: np.random.Generator, is_in: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.bool_]]:
    share = draw.uniform(0.05, 0.95)
    outcome = draw.choice(4, len(is_in), p=[0.02, 0.03, 0.95 * share, 0.95 * (1 - share)])
    found = {name: is_in & (outcome == number) for number, name in enumerate(OUTCOMES)}
    unknown = ~is_in & (draw.random(len(is_in)) < 0.001)
    return {"initial_population": is_in, "denominator": is_in, **found, "undetermined": unknown}


def _count(
    measure: str,
    populations: dict[str, npt.NDArray[np.bool_]],
    person: dict[str, Numbers],
    practice: Numbers,
    practices: Sequence[str],
    reporters: dict[str, tuple[str, ...]],
    pcns: dict[str, str],
    groups: dict[Group, dict[str, int]],
) -> None:
    number = {name: position for position, name in enumerate(practices)}
    tables = [(ALL, (ALL,), np.zeros(len(practice), dtype=np.int64)), *_stratified(person)]
    for stratifier, strata, place in tables:
        by_practice = {
            name: np.bincount(
                practice[flags] * len(strata) + place[flags], minlength=len(practices) * len(strata)
            ).reshape(len(practices), len(strata))
            for name, flags in populations.items()
        }
        for reporter, covered in reporters.items():
            own = [number[one] for one in covered]
            sums = {name: counts[own].sum(axis=0).tolist() for name, counts in by_practice.items()}
            for position, stratum in enumerate(strata):
                groups[Group(measure, reporter, stratifier, stratum)] = {
                    name: counts[position] for name, counts in sums.items()
                }
    for reporter, covered in reporters.items():
        if len(covered) > 1:
            for one in covered:
                groups[Group(measure, reporter, PRACTICE, one)] = groups[Group(measure, one, ALL, ALL)]
            networks = sorted({pcns[one] for one in covered})
            if len(networks) > 1:
                for pcn in networks:
                    groups[Group(measure, reporter, PCN, pcn)] = groups[Group(measure, pcn, ALL, ALL)]


def _stratified(person: dict[str, Numbers]) -> Iterator[tuple[str, tuple[str, ...], Numbers]]:
    for one in CORE_STRATIFIERS:
        if isinstance(one, Stratifier):
            yield one.id, one.strata, person[one.id]
        else:
            outer, inner = one.crossed
            yield one.id, one.strata, person[outer.id] * len(inner.strata) + person[inner.id]
