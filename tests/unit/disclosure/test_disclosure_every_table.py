"""No small count of practices and their network can be worked out, held against every table that is told alike."""

import random
from collections.abc import Iterator
from itertools import permutations, product

import pytest

from hi_fhir.disclosure.suppression.exactly import proving
from tests.support.every_table import Table, leaked
from tests.support.tables_of_practices import held_back

Shape = tuple[int, int, int]
"""Practices, rows and columns."""


@pytest.fixture(autouse=True)
def as_much_work_as_for_a_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "MOST_WORK", 30_000)
    monkeypatch.setattr(proving, "MOST_WORK_NEARBY", 10_000)


def every(shape: Shape, counts: list[int]) -> Iterator[Table]:
    """All tables with these counts, but one alone of those that differ in the order of practices, rows and columns."""
    practices, rows, columns = shape
    orders = list(product(*(list(permutations(range(size))) for size in shape)))
    for flat in product(counts, repeat=practices * rows * columns):
        tables = (
            [[[flat[(p * rows + r) * columns + c] for c in by_column] for r in by_row] for p in by_practice]
            for by_practice, by_row, by_column in orders
        )
        first = next(tables)
        if all(first <= other for other in tables):
            yield first


def by_chance(seed: int, shape: Shape, counts: list[int], times: int) -> Iterator[Table]:
    draw = random.Random(seed)
    practices, rows, columns = shape
    for _ in range(times):
        yield [[[draw.choice(counts) for _ in range(columns)] for _ in range(rows)] for _ in range(practices)]


def assert_safe(tables: Iterator[Table]) -> None:
    tried = 0
    for table in tables:
        assert leaked(table, held_back(table)) == {}, table
        tried += 1
    assert tried


@pytest.mark.parametrize(("shape", "counts"), [((1, 2, 2), [0, 1, 8]), ((2, 1, 2), [0, 1, 8])])
def test_no_small_count_of_any_table_can_be_worked_out(shape: Shape, counts: list[int]) -> None:
    assert_safe(every(shape, counts))


@pytest.mark.parametrize(
    ("shape", "times"), [((1, 2, 3), 20), ((2, 2, 2), 20), ((2, 2, 3), 15), ((1, 3, 3), 10), ((2, 3, 3), 3)]
)
@pytest.mark.parametrize("counts", [[0, 0, 0, 1, 3], [*range(10)]])
def test_no_small_count_of_tables_by_chance_can_be_worked_out(shape: Shape, times: int, counts: list[int]) -> None:
    assert_safe(by_chance(1, shape, counts, times))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "counts"),
    [
        ((1, 2, 2), [0, 1, 3, 6, 8, 9]),
        ((2, 1, 2), [0, 1, 3, 6, 8, 9]),
        ((1, 2, 3), [0, 1, 8]),
        ((2, 1, 3), [0, 1, 8]),
        pytest.param((1, 2, 2), [*range(10)], marks=pytest.mark.hunt),
        pytest.param((2, 1, 2), [*range(10)], marks=pytest.mark.hunt),
        pytest.param((1, 2, 3), [0, 1, 3, 8], marks=pytest.mark.hunt),
        pytest.param((2, 1, 3), [0, 1, 3, 8], marks=pytest.mark.hunt),
        pytest.param((2, 2, 2), [0, 1, 8], marks=pytest.mark.hunt),
    ],
)
def test_no_small_count_of_any_table_of_further_shapes_can_be_worked_out(shape: Shape, counts: list[int]) -> None:
    assert_safe(every(shape, counts))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "times"), [((1, 3, 3), 40), ((2, 2, 3), 40), ((3, 2, 2), 30), ((2, 3, 3), 10), ((3, 3, 2), 8)]
)
@pytest.mark.parametrize("counts", [[0, 0, 0, 1, 3], [0, 1, 3, 7, 8, 9], [*range(10)]])
def test_no_small_count_of_further_tables_by_chance_can_be_worked_out(
    shape: Shape, times: int, counts: list[int]
) -> None:
    assert_safe(by_chance(2, shape, counts, times))
