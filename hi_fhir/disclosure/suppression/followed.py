"""What follows from sums for a few counts among many: only the equations of counts that changed are asked again."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.disclosure.suppression.equations import Equations, EquationSystem, Flags, Known, Limits, Numbers


class Said(NamedTuple):
    """What equations say of their members. cell: a member's position, once for each equation that it is in."""

    cell: Numbers
    low: Numbers
    high: Numbers


class AskedEquations(NamedTuple):
    """Equations among flat cells: of each its whole, how many parts it has and where they start in `part`."""

    whole: Numbers
    part: Numbers
    length: Numbers
    start: Numbers

    def said(self, bounds: Limits) -> Said:
        parts, wholes = bounds.at(self.part), bounds.at(self.whole)
        least, most = self._added(parts.low), self._added(parts.high)
        low, high = np.maximum(wholes.low, least), np.minimum(wholes.high, most)
        return Said(
            np.concatenate((self.whole, self.part)),
            np.concatenate((least, np.repeat(low - most, self.length) + parts.high)),
            np.concatenate((most, np.repeat(high - least, self.length) + parts.low)),
        )

    def any_part(self, parts: Flags) -> Flags:
        """By equation."""
        found: Flags = np.logical_or.reduceat(parts, self.start)
        return found

    def least_part(self, parts: Numbers) -> Numbers:
        """By equation."""
        return np.minimum.reduceat(parts, self.start)

    def for_parts(self, equations: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """By part what is told by equation."""
        return np.repeat(equations, self.length)

    def _added(self, parts: Numbers) -> Numbers:
        return np.add.reduceat(parts, self.start) if len(parts) else parts


class FlatEquations:
    """Equations among the rows of an array, in each of its columns; a cell is a position in the flat array.

    row, column: how far it is from one row to the next, and from one column to the next.
    """

    def __init__(self, equations: Equations, rows: int, columns: int, *, is_turned: bool) -> None:
        self._row, self._column = (1, rows) if is_turned else (columns, 1)
        self._rows, self._columns, self._is_turned = rows, columns, is_turned
        self._whole, self._part, self._length = (
            equations.whole * self._row,
            equations.part * self._row,
            equations.length,
        )
        self._start = np.cumsum(equations.length) - equations.length
        of_member = np.concatenate((equations.whole, equations.part))
        which = np.concatenate((np.arange(len(equations.whole)), equations.equation))
        self._equation = which[np.argsort(of_member, kind="stable")]
        self._times = np.bincount(of_member, minlength=rows)
        self._first = np.cumsum(self._times) - self._times
        self._number = len(equations.whole)
        self.names = self._number * columns

    def of(self, cells: Numbers) -> tuple[Numbers, Numbers]:
        """The equations that cells are in: a name of each, once for every cell, and the cell's place in `cells`."""
        columns, rows = np.divmod(cells, self._rows) if self._is_turned else np.divmod(cells, self._columns)[::-1]
        times = self._times[rows]
        equation = self._equation[_ranges(self._first[rows], times)]
        return np.repeat(columns, times) * self._number + equation, np.repeat(np.arange(len(cells)), times)

    def with_members(self, cells: Numbers) -> AskedEquations:
        """Those that any of `cells` is in."""
        is_named = np.zeros(self.names, dtype=np.bool_)
        is_named[self.of(cells)[0]] = True
        column, equation = np.divmod(np.flatnonzero(is_named), max(self._number, 1))
        column *= self._column
        length = self._length[equation]
        part = self._part[_ranges(self._start[equation], length)] + np.repeat(column, length)
        return AskedEquations(self._whole[equation] + column, part, length, np.cumsum(length) - length)


class Followed:
    """All equations of a system, to be followed from count to count."""

    def __init__(self, system: EquationSystem, shape: tuple[int, int]) -> None:
        places, layers = shape
        self._size = places * layers
        self._both = (
            FlatEquations(system.among, places, layers, is_turned=False),
            FlatEquations(system.within, layers, places, is_turned=True),
        )

    def apart(self, cells: Numbers, worth: Numbers) -> Numbers:
        """Some of these cells, of which no two are in one equation: those worth most. worth: of all, all different."""
        rank = np.empty(len(cells), dtype=np.int64)
        rank[np.argsort(worth[cells])] = np.arange(len(cells))
        is_chosen = np.ones(len(cells), dtype=np.bool_)
        for equations in self._both:
            name, which = equations.of(cells)
            most = np.full(equations.names, -1)
            np.maximum.at(most, name, rank[which])
            np.logical_and.at(is_chosen, which, most[name] == rank[which])
        return cells[is_chosen]

    def asked(self, cells: Numbers) -> list[AskedEquations]:
        """The equations that any of these cells is in."""
        return [equations.with_members(cells) for equations in self._both]

    def near(self, cells: Numbers) -> Flags:
        """Flat flags of the cells that are in an equation with any of these."""
        is_near = np.zeros(self._size, dtype=np.bool_)
        for asked in self.asked(cells):
            is_near[asked.whole] = True
            is_near[asked.part] = True
        return is_near

    def tighten(self, bounds: Limits, known: Known, cells: Numbers) -> Numbers:
        """Narrow `bounds` in place, from these cells on, until nothing changes. Gives the cells that did. All flat."""
        changed = [cells[:0]]
        while len(cells):
            known.narrow(bounds, cells)
            is_changed = np.zeros(self._size, dtype=np.bool_)
            for equations in self._both:
                said = equations.with_members(cells).said(bounds)
                is_more, is_less = said.low > bounds.low[said.cell], said.high < bounds.high[said.cell]
                np.maximum.at(bounds.low, said.cell[is_more], said.low[is_more])
                np.minimum.at(bounds.high, said.cell[is_less], said.high[is_less])
                is_changed[said.cell[is_more | is_less]] = True
            cells = np.flatnonzero(is_changed)
            changed.append(cells)
        return np.concatenate(changed)


def _ranges(starts: Numbers, lengths: Numbers) -> Numbers:
    """For each start as many numbers from it on as the length says, one after the other."""
    ends = np.cumsum(lengths)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1] if len(ends) else 0)
