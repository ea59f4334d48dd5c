"""What follows from sums for a few counts among many: only the equations of counts that changed are asked again."""

from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.suppression.equations import EquationSystem, Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.flat_equations import FlatEquations, distinct

_MANY = 0.2
"""The share of all counts from which on it is quicker to ask the equations of whole places than of single counts."""


class PartSums(NamedTuple):
    """By equation: what its parts are together at least and at most, and how much room the part with most has, or more.

    That tells whether an equation narrows any of its members, without a look at these.
    """

    least: Numbers
    most: Numbers
    room: Numbers

    def copy(self) -> "PartSums":
        return PartSums(*(one.copy() for one in self))

    def at(self, equations: Numbers) -> "PartSums":
        return PartSums(*(one[equations] for one in self))

    def put(self, equations: Numbers, sums: "PartSums") -> None:
        for one, other in zip(self, sums, strict=True):
            one[equations] = other


class Changes(NamedTuple):
    """cells: those of which bounds were narrowed. equations: those of which sums changed. Some several times."""

    cells: Numbers
    equations: Numbers


class Followed:
    """The equations of a system, to be followed from count to count. Bounds and what is known of counts are flat."""

    def __init__(self, system: EquationSystem, shape: tuple[int, int]) -> None:
        self._system, self.equations = system, FlatEquations(system, shape)

    def sums(self, bounds: Limits) -> PartSums:
        """Of all equations. bounds: flat."""
        parts = bounds.at(self.equations.part)
        if not len(self.equations.part):
            return PartSums(parts.low, parts.high, parts.low)
        least, most = (np.add.reduceat(one, self.equations.start) for one in (parts.low, parts.high))
        return PartSums(least, most, np.maximum.reduceat(parts.high - parts.low, self.equations.start))

    def tighten_all(self, bounds: Limits, known: Known) -> PartSums:
        """Narrow `bounds`, of shape (place, layer), in place until nothing changes."""
        changed = np.ones(bounds.low.shape, dtype=np.bool_)
        while changed.mean() > _MANY:
            changed = self._system.narrow(bounds, known, np.logical_or.reduce(changed, axis=1))
        flat, cells = bounds.flat, np.flatnonzero(changed)
        known.flat.narrow(flat, cells)
        sums = self.sums(flat)
        self.follow(flat, sums, known.flat, self.equations.named(cells))
        return sums

    def narrow(self, bounds: Limits, sums: PartSums, known: Known, cells: Numbers, to: Limits) -> Numbers:
        """Narrow flat `bounds` in place, of these cells each to what `to` tells. The equations that these are in."""
        before = bounds.at(cells)
        bounds.low[cells], bounds.high[cells] = np.maximum(before.low, to.low), np.minimum(before.high, to.high)
        known.narrow(bounds, cells)
        return self._summed(bounds, sums, cells, before)

    def follow(self, bounds: Limits, sums: PartSums, known: Known, equations: Numbers) -> Changes:
        """Narrow flat `bounds` in place by these equations, and on until nothing changes."""
        changed, touched = [equations[:0]], [equations[:0]]
        while len(equations := equations[self._narrows(bounds, sums, equations)]):
            asked = self.equations.with_numbers(equations)
            parts, at = bounds.at(asked.part), np.repeat(np.arange(len(equations)), asked.length)
            sums.room[equations] = np.maximum.reduceat(parts.high - parts.low, asked.start)
            least, most, wholes = sums.least[equations], sums.most[equations], bounds.at(asked.whole)
            low = np.concatenate((least, (wholes.low - most)[at] + parts.high))
            high = np.concatenate((most, (wholes.high - least)[at] + parts.low))
            is_more = low > np.concatenate((wholes.low, parts.low))
            is_less = high < np.concatenate((wholes.high, parts.high))
            members = asked.cells
            cells = distinct(members[is_more | is_less], self.equations.size)
            before = bounds.at(cells)
            np.maximum.at(bounds.low, members[is_more], low[is_more])
            np.minimum.at(bounds.high, members[is_less], high[is_less])
            known.narrow(bounds, cells)
            changed.append(cells)
            touched.append(equations)
            equations = self._summed(bounds, sums, cells, before)
            touched.append(equations)
        return Changes(np.concatenate(changed), np.concatenate(touched))

    def moved(self, sums: PartSums, cells: Numbers, low: Numbers, high: Numbers) -> Numbers:
        """Bring `sums` to what cells have become. The equations that these are in.

        low, high: how much more their bounds are.
        """
        equation, which = self.equations.of(cells)
        is_part = self.equations.whole[equation] != cells[which]
        part, which = equation[is_part], which[is_part]
        np.add.at(sums.least, part, low[which])
        np.add.at(sums.most, part, high[which])
        return distinct(equation, len(self.equations.whole))

    def _narrows(self, bounds: Limits, sums: PartSums, equations: Numbers) -> Flags:
        """Which equations say more of a member than its bounds.

        Of a part they do where it has more room than they leave: the whole's greatest value less the parts' least ones,
        and the other way round.
        """
        whole = self.equations.whole[equations]
        low, high = bounds.low[whole], bounds.high[whole]
        least, most, room = sums.at(equations)
        found: Flags = (np.minimum(most - low, high - least) < room) | (least > low) | (most < high)
        return found

    def _summed(self, bounds: Limits, sums: PartSums, cells: Numbers, before: Limits) -> Numbers:
        return self.moved(sums, cells, bounds.low[cells] - before.low, bounds.high[cells] - before.high)
