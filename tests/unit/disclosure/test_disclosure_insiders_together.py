"""What a practice that knows its own counts works out by several sums at once, held against every table told alike."""

import pytest

from hi_fhir.disclosure.suppression.exactly import proving
from tests.support.every_table import Table, leaked
from tests.support.tables_of_practices import held_back
from tests.unit.disclosure.test_disclosure_every_table import by_chance

BY_SEVERAL_SUMS: list[tuple[Table, int]] = [
    ([[[0, 3, 3], [3, 0, 0], [3, 1, 1]], [[1, 0, 1], [0, 1, 1], [1, 0, 3]]], 1),
    ([[[3, 1, 0], [0, 3, 0], [0, 0, 0]], [[1, 3, 3], [3, 3, 0], [3, 0, 0]]], 0),
]
"""Tables of two practices, found by chance, and the practice that works out counts of the other."""


@pytest.mark.parametrize(("table", "practice"), BY_SEVERAL_SUMS)
def test_no_practice_works_out_by_several_sums_what_one_after_the_other_leaves(table: Table, practice: int) -> None:
    suppressed = held_back(table)
    assert leaked(table, suppressed, knows=practice) == {}
    assert leaked(table, suppressed) == {}


@pytest.mark.parametrize(("table", "practice"), BY_SEVERAL_SUMS)
def test_without_work_for_practices_one_does(table: Table, practice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "MOST_WORK_OF_INSIDERS", 0)
    suppressed = held_back(table)
    assert leaked(table, suppressed) == {}
    assert leaked(table, suppressed, knows=practice) != {}


def test_who_knows_a_practice_takes_it_away_from_the_network() -> None:
    table = [[[9]], [[3]]]
    assert leaked(table, ()) == {}
    assert leaked(table, [(1, 0, 0)], knows=0) == {}, "1 to 3, by the network's 8 to 12"
    assert leaked([[[11]], [[1]]], [(1, -1, -1), (1, 0, -1), (1, -1, 0), (1, 0, 0)], knows=0) != {}


def no_practice_works_out(table: Table) -> bool:
    suppressed = held_back(table)
    return not any(leaked(table, suppressed, knows=practice) for practice in range(len(table)))


@pytest.mark.parametrize(("shape", "times"), [((2, 2, 2), 10), ((2, 2, 3), 5)])
@pytest.mark.parametrize("counts", [[0, 0, 0, 1, 3], [0, 1, 3, 7, 8, 9]])
def test_no_practice_works_out_counts_of_tables_by_chance(
    shape: tuple[int, int, int], times: int, counts: list[int]
) -> None:
    assert all(map(no_practice_works_out, by_chance(3, shape, counts, times)))


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "times"), [((2, 2, 3), 30), ((3, 2, 2), 20), ((2, 3, 3), 25), ((3, 3, 2), 8)])
@pytest.mark.parametrize("counts", [[0, 0, 0, 1, 3], [0, 1, 3, 7, 8, 9], [*range(10)]])
def test_no_practice_works_out_counts_of_further_tables_by_chance(
    shape: tuple[int, int, int], times: int, counts: list[int]
) -> None:
    assert all(map(no_practice_works_out, by_chance(4, shape, counts, times)))
