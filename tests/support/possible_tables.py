"""By trial: how many values each small count can have, over every table of people that would be released alike.

Of one reporter whose people are told by rows, by columns and by both.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

MOST = 24
"""More people than any cell of these tables has: how far a count that is held back is tried."""

Cell = tuple[int | None, int | None]
"""Row and column; None: all of them. The whole is (None, None)."""


def counts_of(table: Sequence[Sequence[int]]) -> dict[Cell, int]:
    """The counts of a table, its margins and its whole among them."""
    rows, columns = range(len(table)), range(len(table[0]))
    found: dict[Cell, int] = {(row, column): table[row][column] for row, column in product(rows, columns)}
    found |= {(row, None): sum(table[row]) for row in rows}
    found |= {(None, column): sum(line[column] for line in table) for column in columns}
    return found | {(None, None): sum(map(sum, table))}


def values_left(table: Sequence[Sequence[int]], held_back: Collection[Cell]) -> Mapping[Cell, int]:
    """Of each count from 1 to 7, how many values it has in the tables that would be released alike."""
    counts = counts_of(table)
    inner = [cell for cell in counts if None not in cell]
    tried = np.meshgrid(*(alike(counts[cell], cell in held_back) for cell in inner), indexing="ij")
    tables = dict(zip(inner, (values.ravel() for values in tried), strict=True))
    sums = {cell: _sum(tables, cell) for cell in counts}
    is_alike = np.ones(len(sums[None, None]), dtype=np.bool_)
    for cell, count in counts.items():
        is_alike &= np.isin(sums[cell], alike(count, cell in held_back))
    return {cell: len(np.unique(sums[cell][is_alike])) for cell, count in counts.items() if 1 <= count <= 7}


def alike(count: int, is_held_back: bool) -> list[int]:
    """The numbers that would be released as a count is."""
    if is_held_back:
        return list(range(max(MOST, count + 3) + 1))
    if count == 0:
        return [0]
    if count <= 7:
        return list(range(1, 8))
    return [number for number in range(8, 200) if round(number / 5) == round(count / 5)]


def _sum(tables: Mapping[Cell, npt.NDArray[np.int64]], cell: Cell) -> npt.NDArray[np.int64]:
    row, column = cell
    parts = [values for (at, by), values in tables.items() if row in (at, None) and column in (by, None)]
    return np.sum(parts, axis=0)
