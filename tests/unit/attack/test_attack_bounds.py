"""Bounds against every table that there is: none that fits what was told is left out."""

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest

from hi_fhir.attack.attacking import bounded
from hi_fhir.attack.exact.checking import check
from hi_fhir.attack.exact.clusters import OF_A_POPULATION, OF_A_REPORT, clusters
from hi_fhir.attack.told import FEWEST, Rounding, State
from hi_fhir.core.progress import Silent
from tests.support.telling import NHS, WHOLE, Counts, Telling, hidden

F, M = ("sex", "female"), ("sex", "male")
FINE = Rounding(masked_to=2, base=3)
"""Of few values each, so that every table of eighteen counts can be tried."""


class Shape(NamedTuple):
    rows: int
    columns: int
    layers: int
    rule: Rounding


SHAPES = [
    *(Shape(*shape, NHS) for shape in ((1, 2, 1), (2, 2, 1), (1, 3, 1), (2, 3, 1), (1, 2, 2), (2, 2, 2))),
    *(Shape(*shape, FINE) for shape in ((2, 2, 2), (3, 3, 1), (2, 3, 2), (3, 3, 2))),
]


def values(people: int, rule: Rounding) -> list[int]:
    """All counts of which the same is told."""
    told = hidden(people, rule)
    return [one for one in range(people + 2 * rule.base + rule.masked_to) if hidden(one, rule) == told]


def tables_of(layer: np.ndarray, rule: Rounding) -> np.ndarray:
    """Every table of which each count and margin would be told as of `layer`. Shape: tables x rows x columns."""
    choices = [values(people, rule) for people in layer.ravel().tolist()]
    tables = np.array(list(product(*choices))).reshape(-1, *layer.shape)
    fits = np.ones(len(tables), dtype=bool)
    for sums, own in (
        (tables.sum(axis=2), layer.sum(axis=1)),
        (tables.sum(axis=1), layer.sum(axis=0)),
        (tables.sum(axis=(1, 2)), layer.sum()),
    ):
        for place, people in np.ndenumerate(np.asarray(own)):
            fits &= np.isin(sums[(slice(None), *place)], values(int(people), rule))
    return tables[fits]


def possible(table: np.ndarray, rule: Rounding) -> tuple[np.ndarray, np.ndarray]:
    """The least and most of each count over all tables that fit; layers are practices, their sums a network's."""
    first = tables_of(table[0], rule)
    if len(table) == 1:
        return first.min(axis=0)[None], first.max(axis=0)[None]
    second, both = tables_of(table[1], rule), tables_of(table.sum(axis=0), rule)
    known = {one.tobytes() for one in both}
    is_first, is_second = np.zeros(len(first), dtype=bool), np.zeros(len(second), dtype=bool)
    for place, one in enumerate(first):
        fits = np.array([(one + other).tobytes() in known for other in second])
        is_first[place] = fits.any()
        is_second |= fits
    ends = [(kept.min(axis=0), kept.max(axis=0)) for kept in (first[is_first], second[is_second])]
    return np.stack([low for low, _ in ends]), np.stack([high for _, high in ends])


def counts(layer: np.ndarray) -> Counts:
    """A layer as a report tells it: the whole, both margins and their crossing."""
    found: dict[tuple[str, str], int] = {WHOLE: int(layer.sum())}
    found |= {("row", f"r{place}"): int(people) for place, people in enumerate(layer.sum(axis=1))}
    found |= {("column", f"c{place}"): int(people) for place, people in enumerate(layer.sum(axis=0))}
    return found | {("row*column", f"r{row}*c{column}"): int(people) for (row, column), people in np.ndenumerate(layer)}


def telling(table: np.ndarray, rule: Rounding) -> Telling:
    told = Telling(rule)
    for place, layer in enumerate(table):
        told.report(f"P{place}", practices=(f"P{place}",), initial_population=counts(layer))
    if len(table) > 1:
        everyone = tuple(f"P{place}" for place in range(len(table)))
        told.report("N", practices=everyone, initial_population=counts(table.sum(axis=0)))
    return told


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape[:3])) + f"-{shape.rule.base}")
@pytest.mark.parametrize("seed", range(3))
def test_no_value_that_fits_is_left_out(shape: Shape, seed: int) -> None:
    rule = shape.rule
    most = 9 if rule == NHS else 4
    table = np.random.default_rng(seed).integers(0, most + 1, size=(shape.layers, shape.rows, shape.columns))
    low, high = possible(table, rule)
    found = bounded(telling(table, rule).told(), Silent())
    for (layer, row, column), least in np.ndenumerate(low):
        between = found.of(layer, ("row*column", f"r{row}*c{column}", "initial_population"))
        assert between[0] <= least
        assert high[layer, row, column] <= between[1]
    assert not found.bounds.contradicted.any()
    checked = check(found.system, found.bounds, found.counts.is_guarded, 60, Silent())
    for (layer, row, column), least in np.ndenumerate(low):
        place = found.place(layer, ("row*column", f"r{row}*c{column}", "initial_population"))
        most = high[layer, row, column]
        assert checked.low[place] <= least
        assert most <= checked.high[place]
        if found.counts.is_guarded[place]:
            assert (checked.possible[place] < FEWEST) == (most - least + 1 < FEWEST)
    assert (checked.nearby, checked.unseen) == (0, 0)


def test_what_is_told_is_told_by_its_words() -> None:
    assert [hidden(people, NHS) for people in (0, 1, 7, 8, 12, 13)] == [
        (State.EXACT, 0),
        (State.MASKED, -1),
        (State.MASKED, -1),
        (State.ROUNDED, 10),
        (State.ROUNDED, 10),
        (State.ROUNDED, 15),
    ]


def test_the_strata_of_one_population_are_looked_at_by_themselves_first() -> None:
    """Two populations and who is in the wider one alone hang together; by themselves each has its own strata."""
    told = Telling().report(initial_population={WHOLE: 30, F: 5, M: 25}, denominator={WHOLE: 20, F: 3, M: 17}).told()
    found = bounded(told, Silent())
    asked = found.counts.is_guarded
    for near, is_alone, sizes in ((OF_A_POPULATION, True, [1, 1]), (OF_A_REPORT, False, [6])):
        own = list(clusters(found.system, found.bounds, asked, near, is_alone=is_alone))
        assert [len(one.numbers) for one in own] == sizes
        assert [one.is_whole for one in own] == [not is_alone] * len(own)
