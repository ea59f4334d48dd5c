"""How many values all sums at once leave to small counts, shown by tables that fit what is told, and what helps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.suppression.choosing import NEVER, Costs
from hi_fhir.disclosure.suppression.equations import Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.exactly.moving import moved
from hi_fhir.disclosure.suppression.exactly.parts import Parts, Vicinity, incidence
from hi_fhir.disclosure.suppression.exactly.programmes import FARTHEST, FittingTables
from hi_fhir.disclosure.suppression.network import Network

MOST_WORK, MOST_WORK_NEARBY, MOST_WORK_OF_INSIDERS = 30_000, 10_000, 20_000
"""Counts of all programmes of a release together: of those that look at all that hangs together, of the others, and of
those for practices that know their own counts.

No clock ends it, so the same is asked each time. Together they take about half a CPU-second.
"""
_WORK_AT_LEAST = 300
_NODES, _NODES_OF_CHOICE, _VALUES_TRIED = 200, 2_000, 2
_MOVES, _MANY = ((1, 2), (-1, 2), (1, 1), (-1, 1)), 3
"""Up and down, how far at most; tried for so many counts or more at once."""
_WORTH_UNIT = 1 << 32
_MIDDLE = 31
"""The bit that stands for a count's exact value among those shown of it."""


@dataclass
class Work:
    """How much of it is left for the networks of a release that are still to come."""

    left: int
    left_nearby: int


class Unsafe(NamedTuple):
    """A count with too few values by all sums of a part, and values that it should have, the nearest first."""

    cell: int
    part: Vicinity
    values: list[int]


class Proving:
    """Of one network. What was shown stays shown, whatever more is suppressed."""

    def __init__(self, network: Network, work: Work) -> None:
        self._network, self._exact = network, network.values.reshape(-1)
        self._matrix = incidence(network)
        self._parts = Parts(network, self._matrix)
        self._shown = np.full(len(self._exact), 1 << _MIDDLE, dtype=np.uint64)
        self._work = work

    def proven(self, small: Flags, wanted: Numbers) -> int:
        """Of how many small counts it is shown that they have as many values as are wanted."""
        return int((small.reshape(-1) & (self._values() >= wanted.reshape(-1))).sum())

    def move_people(self, known: Known, bounds: Limits) -> None:
        """Show what people who are moved show, without a programme. known, bounds: as of `unsafe`."""
        shown = self._shown.reshape(self._network.values.shape)
        for layer, more, flags in moved(self._network, known, bounds):
            shown[flags, layer] |= np.uint64(1 << (_MIDDLE + more))

    def unsafe(self, known: Known, bounds: Limits, asked: Flags, wanted: Numbers) -> list[Unsafe]:
        """What is found until the work is done, those first that have the fewest values one sum after the other.

        known: as cells tell. bounds: as follows from that. Of parts that are looked at whole the answer is exact.
        """
        known, bounds, wanted = known.flat, bounds.flat, wanted.reshape(-1)
        is_open = bounds.high > bounds.low
        cells = np.flatnonzero(asked.reshape(-1) & is_open & (self._values() < wanted))
        large, found = [cells[:0]], list[Unsafe]()
        for part, own in self._parts.by_component(is_open, cells):
            if part is None:
                large.append(own)
            else:
                found += self._of_part(part, own, known, bounds, wanted)
        room = bounds.high - bounds.low
        near = np.concatenate(large)
        self._work.left, left = self._work.left_nearby, self._work.left
        found += self._nearby(near[np.lexsort((near, room[near]))], is_open, known, bounds, wanted)
        self._work.left, self._work.left_nearby = left, self._work.left
        return found

    def suppressed_for(self, unsafe: Unsafe, told: Known, loose: Limits, costs: Costs) -> Numbers:
        """The cheapest flat cells to suppress so that a count gets one more value; none where that was not found.

        loose: what is known of counts that are suppressed. What is found costs nothing when it is asked for again.
        """
        told, loose = told.flat, loose.flat
        cells = self._with_equations(unsafe.part.cells)
        programme = FittingTables(self._matrix, self._exact, cells)
        own_costs = np.where(costs.flat[cells] == NEVER, np.inf, costs.flat[cells] / _WORTH_UNIT)
        place = int(np.searchsorted(cells, unsafe.cell))
        best, least = cells[:0], np.inf
        for value in unsafe.values[:_VALUES_TRIED]:
            self._spend(cells)
            chosen = programme.cheapest(place, value, _at(told, cells), loose.at(cells), own_costs, _NODES_OF_CHOICE)
            if chosen is not None and own_costs[chosen].sum() < least:
                best, least = cells[chosen], own_costs[chosen].sum()
        best = costs.with_cells(best)
        costs.flat[best] = np.minimum(costs.flat[best], 0)
        return best

    def _values(self) -> Numbers:
        return np.bitwise_count(self._shown).astype(np.int64)

    def _of_part(
        self, part: Vicinity, asked: Numbers, known: Known, bounds: Limits, wanted: Numbers
    ) -> Iterator[Unsafe]:
        """Those that are tight, where all that hangs together is looked at."""
        programme = FittingTables(self._matrix, self._exact, part.cells)
        self._show_many(programme, part, asked, known, bounds, wanted)
        for cell in self._open(asked, wanted):
            if self._work.left <= 0:
                return
            impossible = self._show(programme, part, cell, known, bounds, int(wanted[cell]))
            if self._is_tight(cell, wanted) and impossible is not None:
                yield Unsafe(cell, part, impossible)

    def _nearby(
        self, cells: Numbers, is_open: Flags, known: Known, bounds: Limits, wanted: Numbers
    ) -> Iterator[Unsafe]:
        """Those that are tight by the sums of an area alone, among those that nothing nearby shows."""
        for cell in cells.tolist():
            if self._work.left <= 0:
                return
            for part in self._parts.nearby(cell, is_open) if self._is_tight(cell, wanted) else ():
                if self._work.left <= 0 or not self._is_tight(cell, wanted):
                    break
                programme = FittingTables(self._matrix, self._exact, part.cells)
                self._show_many(programme, part, np.intersect1d(part.cells, cells), known, bounds, wanted)
                self._show(programme, part, cell, known, bounds, int(wanted[cell]))
            if self._work.left > 0 and self._is_tight(cell, wanted):
                part = self._parts.around(cell, is_open)
                within = np.zeros(len(is_open), dtype=np.bool_)
                within[part.cells] = True
                beyond = abs(self._matrix) @ (is_open & ~within)
                programme = FittingTables(self._matrix, self._exact, part.cells, only=beyond == 0)
                impossible = self._show(programme, part, cell, known, bounds, int(wanted[cell]), is_shown=False)
                room = int(bounds.high[cell] - bounds.low[cell]) + 1
                if impossible is not None and room - len(impossible) < wanted[cell]:
                    yield Unsafe(cell, part, impossible)

    def _show_many(
        self,
        programme: FittingTables,
        part: Vicinity,
        asked: Numbers,
        known: Known,
        bounds: Limits,
        wanted: Numbers,
    ) -> None:
        """Move as many counts as possible up, then down: each table shows a value of every count in it."""
        own, limits = _at(known, part.cells), bounds.at(part.cells)
        exact = self._exact[part.cells]
        for sign, far in _MOVES:
            open_ = self._open(asked, wanted)
            if len(open_) < _MANY or self._work.left <= 0:
                return
            near = Limits(np.maximum(limits.low, exact - far), np.minimum(limits.high, exact + far))
            weights = np.zeros(len(part.cells))
            weights[np.searchsorted(part.cells, open_)] = sign
            self._spend(part.cells)
            self._take(part, programme.solved(near, own, weights, _NODES).values)

    def _show(
        self,
        programme: FittingTables,
        part: Vicinity,
        cell: int,
        known: Known,
        bounds: Limits,
        wanted: int,
        *,
        is_shown: bool = True,
    ) -> list[int] | None:
        """Look for values of a cell, those next to the exact one first; which of them are impossible.

        None where one was neither found nor excluded. is_shown: whether what is found is a table of the whole network.
        """
        own, limits = _at(known, part.cells), bounds.at(part.cells)
        place = int(np.searchsorted(part.cells, cell))
        exact, weights = int(self._exact[cell]), np.zeros(len(part.cells))
        impossible, found, is_sure = [], 1, True
        low, high = max(int(limits.low[place]), exact - FARTHEST), min(int(limits.high[place]), exact + FARTHEST)
        for value in sorted(range(low, high + 1), key=lambda one: abs(one - exact)):
            if value == exact or self._is_shown(cell, value):
                continue
            if (self._count(cell) if is_shown else found) >= wanted or self._work.left <= 0:
                break
            asked = limits.copy()
            asked.low[place] = asked.high[place] = value
            self._spend(part.cells)
            solved = programme.solved(asked, own, weights, _NODES)
            if solved.values is not None:
                found += 1
                self._take(part, solved.values if is_shown else None)
            elif solved.is_impossible:
                impossible.append(value)
            else:
                is_sure = False
        return impossible if is_sure and self._work.left > 0 else None

    def _take(self, part: Vicinity, values: Numbers | None) -> None:
        if values is not None:
            bit = values - self._exact[part.cells] + _MIDDLE
            is_near = (bit >= 0) & (bit < 2 * _MIDDLE)
            self._shown[part.cells[is_near]] |= np.left_shift(np.uint64(1), bit[is_near].astype(np.uint64))

    def _spend(self, cells: Numbers) -> None:
        self._work.left -= len(cells) + _WORK_AT_LEAST

    def _with_equations(self, cells: Numbers) -> Numbers:
        """Those in an equation with one of these, told or not, for counts that may come to be open."""
        rows = self._matrix[:, cells]
        near = self._matrix[np.diff(rows.indptr) > 0]
        return np.unique(near.indices).astype(np.int64)

    def _open(self, asked: Numbers, wanted: Numbers) -> list[int]:
        found: list[int] = [cell for cell in asked.tolist() if self._is_tight(cell, wanted)]
        return found

    def _is_tight(self, cell: int, wanted: Numbers) -> bool:
        return self._count(cell) < int(wanted[cell])

    def _count(self, cell: int) -> int:
        return int(self._shown[cell]).bit_count()

    def _is_shown(self, cell: int, value: int) -> bool:
        bit = value - int(self._exact[cell]) + _MIDDLE
        return 0 <= bit < 2 * _MIDDLE and bool(int(self._shown[cell]) >> bit & 1)


def _at(known: Known, cells: Numbers) -> Known:
    return Known(known.own.at(cells), known.not_few[cells], known.few)
