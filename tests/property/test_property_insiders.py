"""That no practice can work out a sister's small count, tried with every table of people that would be released alike.

Of one network whose practices are told by strata, as each of them reads it who knows its own people.
"""

from itertools import product

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.suppression.suppress import suppressed
from tests.support.possible_tables import alike

POPULATION, AREA = "initial_population", "U"
Counts = list[list[int]]
"""Of each practice, by stratum."""


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    practices, strata = draw(st.sampled_from([(2, 1), (2, 2), (2, 3), (3, 1)]))
    cell = st.integers(0, draw(st.sampled_from([1, 3, 9, 14])))
    return [[draw(cell) for _ in range(strata)] for _ in range(practices)]


@settings(deadline=None)
@given(people=counts())
def test_no_practice_can_work_out_a_sister_of_its_network(people: Counts) -> None:
    told = _told(people)
    for reader in range(len(people)):
        left = _values_left(people, told, reader)
        assert all(values >= 3 for values in left.values()), (reader, left)


def _told(people: Counts) -> dict[tuple[str, int | None], list[int]]:
    """The numbers that would be released as each practice's and the network's count is, by stratum and in whole."""
    names = [f"P{number}" for number in range(len(people))]
    hierarchy = Hierarchy({}, {name: (name,) for name in names} | {AREA: tuple(names)}, dict.fromkeys(names, AREA))
    of = {**dict(zip(names, people, strict=True)), AREA: [sum(column) for column in zip(*people, strict=True)]}
    exact: dict[tuple[str, int | None], int] = {}
    for name, own in of.items():
        exact |= {(name, None): sum(own)} | {(name, stratum): count for stratum, count in enumerate(own)}
    groups = {_group(*cell): {POPULATION: count} for cell, count in exact.items()}
    held_back = suppressed(ExactCounts(groups, {}, {}, hierarchy=hierarchy), {}, SMALL_NUMBERS, 3).groups
    return {cell: alike(count, _group(*cell) in held_back) for cell, count in exact.items()}


def _group(reporter: str, stratum: int | None) -> Group:
    return Group("m", reporter, *(("all", "all") if stratum is None else ("band", f"b{stratum}")))


def _values_left(
    people: Counts, told: dict[tuple[str, int | None], list[int]], reader: int
) -> dict[tuple[str, int | None], int]:
    """Of each small count of others, and of all others together, how many values are possible to a reader."""
    strata = range(len(people[0]))
    others = [number for number in range(len(people)) if number != reader]
    cells = list(product(others, strata))
    tried = np.meshgrid(*(told[f"P{one}", stratum] for one, stratum in cells), indexing="ij")
    tables = dict(zip(cells, (values.ravel() for values in tried), strict=True))
    sums: dict[tuple[str, int | None], npt.NDArray[np.int64]] = {}
    for stratum in strata:
        sums |= {(f"P{one}", stratum): tables[one, stratum] for one in others}
        sums[AREA, stratum] = np.sum([tables[one, stratum] for one in others], axis=0)
    for name in {name for name, _ in sums}:
        sums[name, None] = np.sum([sums[name, stratum] for stratum in strata], axis=0)
    own = {(AREA, stratum): people[reader][stratum] for stratum in strata} | {(AREA, None): sum(people[reader])}
    is_alike = np.ones(len(sums[AREA, None]), dtype=np.bool_)
    for cell, values in sums.items():
        is_alike &= np.isin(values + own.get(cell, 0), told[cell])
    exact = {(f"P{one}", stratum): people[one][stratum] for one, stratum in cells}
    exact |= {(f"P{one}", None): sum(people[one]) for one in others}
    for stratum in (*strata, None):
        exact[AREA, stratum] = sum(exact[f"P{one}", stratum] for one in others)
    return {cell: len(np.unique(sums[cell][is_alike])) for cell, count in exact.items() if 1 <= count <= 7}
