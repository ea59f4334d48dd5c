"""All equations of a system among flat cells, to be found by the cells that are in them."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.disclosure.suppression.equations import Equations, EquationSystem, Flags, Limits, Numbers

_FEW = 0.02
"""The share of all numbers up to which it is quicker to sort some of them than to flag them among all."""


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

    @property
    def cells(self) -> Numbers:
        return np.concatenate((self.whole, self.part))

    def said(self, bounds: Limits) -> Said:
        parts, wholes = bounds.at(self.part), bounds.at(self.whole)
        least, most = self._added(parts.low), self._added(parts.high)
        return Said(
            self.cells,
            np.concatenate((least, np.repeat(wholes.low - most, self.length) + parts.high)),
            np.concatenate((most, np.repeat(wholes.high - least, self.length) + parts.low)),
        )

    def any_part(self, parts: Flags) -> Flags:
        """By equation."""
        found: Flags = np.logical_or.reduceat(parts, self.start) if len(parts) else parts
        return found

    def least_part(self, parts: Numbers) -> Numbers:
        """By equation."""
        return np.minimum.reduceat(parts, self.start) if len(parts) else parts

    def for_parts(self, equations: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """By part what is told by equation."""
        return np.repeat(equations, self.length)

    def _added(self, parts: Numbers) -> Numbers:
        return np.add.reduceat(parts, self.start) if len(parts) else parts


class FlatEquations:
    """shape: of the array of places and layers; a cell is a position in it, flat, and an equation has a number."""

    def __init__(self, system: EquationSystem, shape: tuple[int, int]) -> None:
        self.size = shape[0] * shape[1]
        among = _flat(system.among, np.arange(shape[1]), shape[1])
        within = _flat(system.within, np.arange(shape[0]) * shape[1], 1)
        self.whole, self.part, self.length = (np.concatenate(both) for both in zip(among, within, strict=True))
        self.start = np.cumsum(self.length) - self.length
        number = np.arange(len(self.whole))
        members = np.concatenate((self.whole, self.part))
        self._equation = np.concatenate((number, np.repeat(number, self.length)))[np.argsort(members, kind="stable")]
        self._times = np.bincount(members, minlength=self.size)
        self._first = np.cumsum(self._times) - self._times

    def asked(self, cells: Numbers) -> AskedEquations:
        """The equations that any of these cells is in."""
        return self.with_numbers(self.named(cells))

    def apart(self, cells: Numbers, worth: Numbers) -> Numbers:
        """Some of these cells, of which no two are in one equation: those worth most. worth: of all, all different."""
        rank = np.empty(len(cells), dtype=np.int64)
        rank[np.argsort(worth[cells])] = np.arange(len(cells))
        equation, which = self.of(cells)
        most = np.full(len(self.whole), -1)
        np.maximum.at(most, equation, rank[which])
        is_chosen = np.ones(len(cells), dtype=np.bool_)
        np.logical_and.at(is_chosen, which, most[equation] == rank[which])
        return cells[is_chosen]

    def named(self, cells: Numbers) -> Numbers:
        """The equations that any of these cells is in."""
        return distinct(self.of(cells)[0], len(self.whole))

    def of(self, cells: Numbers) -> tuple[Numbers, Numbers]:
        """The equations that cells are in, once for every cell, and the cell's place in `cells`."""
        times = self._times[cells]
        return self._equation[_ranges(self._first[cells], times)], np.repeat(np.arange(len(cells)), times)

    def with_numbers(self, equations: Numbers) -> AskedEquations:
        """Equations by their numbers."""
        length = self.length[equations]
        part = self.part[_ranges(self.start[equations], length)]
        return AskedEquations(self.whole[equations], part, length, np.cumsum(length) - length)


def _flat(equations: Equations, columns: Numbers, row: int) -> tuple[Numbers, Numbers, Numbers]:
    """Whole, part and length of equations among rows, for each column.

    columns: where they begin; row: how far it is from one to the next.
    """
    whole = np.add.outer(columns, equations.whole * row)
    part = np.add.outer(columns, equations.part * row)
    return whole.reshape(-1), part.reshape(-1), np.tile(equations.length, len(columns))


def distinct(numbers: Numbers, below: int) -> Numbers:
    """Each of the numbers once, in order."""
    if len(numbers) > _FEW * below:
        is_there = np.zeros(below, dtype=np.bool_)
        is_there[numbers] = True
        return np.flatnonzero(is_there)
    in_order = np.sort(numbers)
    is_first = np.ones(len(in_order), dtype=np.bool_)
    np.not_equal(in_order[1:], in_order[:-1], out=is_first[1:])
    return in_order[is_first]


def _ranges(starts: Numbers, lengths: Numbers) -> Numbers:
    """For each start as many numbers from it on as the length says, one after the other."""
    ends = np.cumsum(lengths)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1] if len(ends) else 0)
