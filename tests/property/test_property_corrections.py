"""Whatever is corrected: two releases give no small count away together, to whoever knows what changed or does not."""

from collections.abc import Iterable, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.disclosure.counts import SUPPRESSED, Group, ReleasedGroup
from hi_fhir.disclosure.published import NOTHING
from tests.support.every_table import Cell, Table, counts_of, leaked, left_of_both
from tests.support.tables_of_practices import POPULATION, released_table, told_by
from tests.support.told_before import published, released

READERS = (None, 0, 1)
"""Everybody, and each practice, which knows its own people."""


@st.composite
def corrections(draw: st.DrawFn) -> tuple[Table, Table]:
    """People of two practices by rows and columns, before and after one person was moved, added or taken away."""
    rows, columns = draw(st.sampled_from([(2, 1), (3, 1), (2, 2)]))
    cell = st.integers(0, draw(st.sampled_from([1, 3, 9])))
    then = [[[draw(cell) for _ in range(columns)] for _ in range(rows)] for _ in range(2)]
    now = [[[*row] for row in practice] for practice in then]
    cells = [(p, r, c) for p in range(2) for r in range(rows) for c in range(columns)]
    come, gone = (draw(st.none() | st.sampled_from(cells)) for _ in range(2))
    for one, change in ((gone, -1), (come, 1)):
        if one is not None:
            practice, row, column = one
            now[practice][row][column] = max(now[practice][row][column] + change, 0)
    return then, now


def test_a_person_more_in_a_rounded_count_gives_nobody_away() -> None:
    """Of 12 and 13 in all, told as 10 and 15: they are known exactly by who knows that it was one."""
    check([[[8], [1]], [[2], [1]]], [[[9], [1]], [[2], [1]]])


def test_a_decision_that_forgets_what_changed_gives_small_counts_away() -> None:
    """What this test would find: a count of 7 becomes 8, and is told as 10."""
    then, now = [[[7], [20]], [[20], [20]]], [[[8], [20]], [[20], [20]]]
    first = released(released_table(then), NOTHING)
    second = released(released_table(now), NOTHING)
    assert (0, 0, 0) in left_of_both(then, held_back(first, then), now, held_back(second, now), None)


@settings(max_examples=25, deadline=None)
@given(tables=corrections())
def test_no_small_count_can_be_worked_out_of_what_was_told_before_and_after_a_correction(
    tables: tuple[Table, Table],
) -> None:
    check(*tables)


def check(then: Table, now: Table) -> None:
    counted = released_table(then)
    first = released(counted, NOTHING)
    second = released(released_table(now), published((counted, first)))
    hidden_then, hidden_now = held_back(first, then), held_back(second, now)
    for knows in READERS:
        before = left_of_both(then, hidden_then, now, None, knows)
        together = left_of_both(then, hidden_then, now, hidden_now, knows)
        assert {name: left for name, left in together.items() if left < before.get(name, 3)} == {}
        assert leaked(now, hidden_now, knows) == {}


def held_back(groups: Mapping[Group, ReleasedGroup], table: Table) -> Iterable[Cell]:
    return [
        name
        for name in counts_of(table)
        if all(groups[one].cells[POPULATION].state == SUPPRESSED for one in told_by(name, len(table)))
    ]
