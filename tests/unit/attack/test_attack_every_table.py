"""What the attack works out by several sums of several reporters, held against every table that is told alike."""

import random
from collections.abc import Iterator

import pytest

from hi_fhir.attack.attacking import attack
from hi_fhir.attack.findings import Recovered
from hi_fhir.core.progress import Silent
from tests.support.every_table import ALL, Cell, Table, counts_of, leaked
from tests.support.telling import Telling

OF_SEVERAL_REPORTERS = [[[0, 0, 0], [3, 0, 0]], [[1, 0, 0], [1, 1, 3]]]
"""Two practices by rows and columns. One after the other, the sums leave three values to four counts that have fewer by
all of them at once."""


def told(table: Table) -> Telling:
    """Of each practice and of all of them together a report, by rows, by columns and by both."""
    counts, practices = counts_of(table), [f"A{number}" for number in range(len(table))]
    telling = Telling()
    for number, reporter in [*enumerate(practices), (ALL, "U")]:
        own = {name[1:]: count for name, count in counts.items() if name[0] == number}
        covered = tuple(practices) if number == ALL else (reporter,)
        telling.report(reporter, practices=covered, numerator={stratum(*name): count for name, count in own.items()})
    return telling


def stratum(row: int, column: int) -> tuple[str, str]:
    if row == column == ALL:
        return "all", "all"
    if column == ALL:
        return "row", f"{row}"
    return ("column", f"{column}") if row == ALL else ("row*column", f"{row}*{column}")


def named(table: Table, one: Recovered) -> Cell:
    """Which count of a table was recovered."""
    practice = ALL if one.report.reporter == "U" else int(one.report.reporter[1:])
    [name] = [name for name in counts_of(table) if (name[0], *stratum(*name[1:])) == (practice, *one.name.group)]
    return name


def recovered(table: Table, limit_s: float) -> dict[Cell, int]:
    """Counts with fewer than three values left, and how many."""
    return {named(table, one): one.possible for one in attack(told(table).told(), Silent(), limit_s=limit_s).recovered}


def by_chance(seed: int, shape: tuple[int, int, int], counts: list[int], times: int) -> Iterator[Table]:
    draw = random.Random(seed)
    practices, rows, columns = shape
    for _ in range(times):
        yield [[[draw.choice(counts) for _ in range(columns)] for _ in range(rows)] for _ in range(practices)]


def test_the_check_beyond_single_sums_finds_what_these_leave_of_several_reporters() -> None:
    every = leaked(OF_SEVERAL_REPORTERS, [])
    assert set(every) == {(1, 0, 0), (1, 0, ALL), (ALL, 0, 0), (ALL, 0, ALL)}
    assert recovered(OF_SEVERAL_REPORTERS, limit_s=0) == {}
    assert recovered(OF_SEVERAL_REPORTERS, limit_s=60) == every


@pytest.mark.parametrize(
    ("shape", "counts", "seed"),
    [((2, 2, 2), [0, 1, 3, 7, 8, 9], 5), ((2, 2, 3), [0, 1, 2, 9], 5), ((3, 2, 2), [0, 0, 1, 3], 7)],
)
def test_it_finds_just_those_of_which_every_table_that_is_told_alike_has_too_few_values(
    shape: tuple[int, int, int], counts: list[int], seed: int
) -> None:
    outcomes = set()
    for table in by_chance(seed, shape, counts, times=5):
        found = recovered(table, limit_s=60)
        assert set(found) == set(leaked(table, [])), table
        outcomes.add(bool(found))
    assert outcomes == {True, False}
