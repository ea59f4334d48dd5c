"""That no small count can be worked out, tried with every table of people that would be released alike."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.disclosure.counts import SUPPRESSED, ExactCounts, Group, Hierarchy, ReleasedGroup
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.suppression.suppress import suppressed
from tests.support.possible_tables import Cell, counts_of, values_left
from tests.support.told_before import published, released

HIERARCHY = Hierarchy({}, {"A": ("A",)}, {"A": None})
POPULATION = "initial_population"


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    rows, columns = draw(st.sampled_from([(1, 2), (2, 2), (2, 3), (3, 2)]))
    cell = st.integers(0, draw(st.sampled_from([1, 3, 9])))
    return [[draw(cell) for _ in range(columns)] for _ in range(rows)]


@settings(deadline=None)
@given(table=tables())
def test_every_small_count_of_a_table_can_have_three_values_at_least(table: list[list[int]]) -> None:
    held_back = {cell for cell in counts_of(table) if _group(cell) in _suppressed(table)}
    left = values_left(table, held_back)
    assert all(values >= 3 for values in left.values()), left


def _suppressed(table: list[list[int]]) -> set[Group]:
    groups = {_group(cell): {POPULATION: count} for cell, count in counts_of(table).items()}
    return set(suppressed(ExactCounts(groups, {}, {}, hierarchy=HIERARCHY), {}, SMALL_NUMBERS, 3).groups)


def _group(cell: Cell) -> Group:
    row, column = cell
    if row is None and column is None:
        return Group("m", "A", "all", "all")
    if column is None:
        return Group("m", "A", "row", f"r{row}")
    if row is None:
        return Group("m", "A", "column", f"c{column}")
    return Group("m", "A", "row*column", f"r{row}*c{column}")


@settings(deadline=None)
@given(table=tables(), chosen=st.sets(st.sampled_from(["all", "row", "column", "row*column"]), min_size=1))
def test_what_was_told_before_of_some_and_is_told_now_of_all_leaves_three_values_too(
    table: list[list[int]], chosen: set[str]
) -> None:
    counts = {cell: {POPULATION: count} for cell, count in counts_of(table).items()}
    cells = list(counts)
    some = {_group(cell): count for cell, count in counts.items() if _group(cell).stratifier in chosen}
    first = ExactCounts(some, {}, {}, hierarchy=HIERARCHY)
    before = published((first, released(first, NOTHING)))
    exact = ExactCounts({_group(cell): count for cell, count in counts.items()}, {}, {}, hierarchy=HIERARCHY)
    told = {*_told(released(first, NOTHING)), *_told(released(exact, before))}
    left = values_left(table, {cell for cell in cells if _group(cell) not in told})
    assert all(values >= 3 for values in left.values()), left


def _told(groups: Mapping[Group, ReleasedGroup]) -> set[Group]:
    return {group for group, told in groups.items() if told.cells[POPULATION].state != SUPPRESSED}
