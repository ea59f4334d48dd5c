"""Sums among counts as arrays, and what follows from them for counts of which only bounds are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
AnyNumbers = npt.NDArray[np.signedinteger[Any]]
Flags = npt.NDArray[np.bool_]

UNBOUNDED = 1 << 40
"""The upper bound of a count of which nothing is known; sums of a thousand of these still fit in 64 bits."""


@dataclass(frozen=True)
class Limits:
    """Least and greatest possible value of each count; arrays of the same shape."""

    low: Numbers
    high: Numbers

    @property
    def turned(self) -> "Limits":
        """The same memory with its axes exchanged."""
        return Limits(self.low.T, self.high.T)

    @property
    def flat(self) -> "Limits":
        """The same memory in one line."""
        return Limits(self.low.reshape(-1), self.high.reshape(-1))

    def copy(self) -> "Limits":
        return Limits(self.low.copy(), self.high.copy())

    def at(self, rows: Numbers | Flags) -> "Limits":
        return Limits(self.low[rows], self.high[rows])


@dataclass(frozen=True)
class Known:
    """What is told of counts. own: bounds from each count's cell. not_few: counts that are 0 or more than `few`."""

    own: Limits
    not_few: Flags
    few: int

    @property
    def flat(self) -> "Known":
        """The same memory in one line."""
        return Known(self.own.flat, self.not_few.reshape(-1), self.few)

    def copy(self) -> "Known":
        return Known(self.own.copy(), self.not_few, self.few)

    def tells_more_than(self, other: "Known") -> Flags:
        """Of which counts."""
        own, its = self.own, other.own
        more: Flags = (own.low > its.low) | (own.high < its.high) | (self.not_few & ~other.not_few)
        return more

    def narrow(self, bounds: Limits, rows: Flags | Numbers) -> None:
        """Narrow `bounds` in place where a count that is not few would be."""
        low, high, not_few = bounds.low[rows], bounds.high[rows], self.not_few[rows]
        bounds.low[rows] = np.where(not_few & (low > 0), np.maximum(low, self.few + 1), low)
        bounds.high[rows] = np.where(not_few & (high <= self.few), 0, high)


@dataclass(frozen=True)
class Implied:
    """What equations say of their wholes, a row an equation, and of their parts, a row a part."""

    whole: Limits
    part: Limits


class Runs:
    """Rows of which each run is reduced to one. lengths: of the runs, the longest first.

    order: the rows of the first run, then of the second and so on; None: they are in order. Reduces the first rows of
    all runs with their second ones and so on: each a single step over whole lines.
    """

    def __init__(self, lengths: Numbers, order: Numbers | None = None) -> None:
        starts = np.cumsum(lengths) - lengths
        ends = np.searchsorted(-lengths, -np.arange(lengths[0] if len(lengths) else 0))
        places = [starts[:end] + nth for nth, end in enumerate(ends.tolist())]
        self._nth = places if order is None else [order[nth] for nth in places]

    def reduced(self, by: np.ufunc, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A row for each run."""
        found: npt.NDArray[Any] = rows[self._nth[0]] if self._nth else rows[:0]
        for nth in self._nth[1:]:
            head = found[: len(nth)]
            by(head, rows[nth], out=head)
        return found


@dataclass(frozen=True)
class Equations:
    """Each is a whole that is the sum of its parts: rows of an array, column by column. None is without parts.

    whole, part: rows; length: how many parts an equation has, the most first. Grain of `whole` and `length`: an
    equation; of `part`: a part, those of one equation together.
    """

    whole: Numbers
    part: Numbers
    length: Numbers

    @classmethod
    def of(cls, sums: Iterable[tuple[int, Sequence[int]]]) -> "Equations":
        """In an order that is the same whatever that of `sums` and of their parts."""
        ordered = sorted(((whole, sorted(parts)) for whole, parts in sums), key=lambda one: (-len(one[1]), one))
        return cls(
            np.array([whole for whole, _ in ordered], dtype=np.int64),
            np.array([part for _, parts in ordered for part in parts], dtype=np.int64),
            np.array([len(parts) for _, parts in ordered], dtype=np.int64),
        )

    @cached_property
    def equation(self) -> Numbers:
        """The equation that each part is in."""
        return np.repeat(np.arange(len(self.whole)), self.length)

    @cached_property
    def runs(self) -> Runs:
        """The parts of each equation."""
        return Runs(self.length)

    @cached_property
    def _by_part(self) -> "_Gathered":
        return _Gathered.by(self.part)

    @cached_property
    def _by_whole(self) -> "_Gathered":
        return _Gathered.by(self.whole)

    def with_members(self, rows: Flags) -> "Equations":
        """Those with a whole or part among `rows`."""
        chosen: Flags = self.runs.reduced(np.logical_or, rows[self.part]) | rows[self.whole]
        if chosen.all():
            return self
        return Equations(self.whole[chosen], self.part[chosen[self.equation]], self.length[chosen])

    def implied(self, bounds: Limits) -> Implied:
        """What each equation alone says of its members, the bounds of the others being given."""
        parts, wholes = bounds.at(self.part), bounds.at(self.whole)
        least, most = self.runs.reduced(np.add, parts.low), self.runs.reduced(np.add, parts.high)
        return Implied(
            whole=Limits(least, most),
            part=Limits(
                (wholes.low - most)[self.equation] + parts.high, (wholes.high - least)[self.equation] + parts.low
            ),
        )

    def narrow(self, bounds: Limits) -> None:
        """Narrow `bounds` in place by what each equation alone says."""
        implied = self.implied(bounds)
        self._by_whole.narrow(bounds, implied.whole)
        self._by_part.narrow(bounds, implied.part)


@dataclass(frozen=True)
class _Gathered:
    """Rows that may be there several times, brought together."""

    row: Numbers
    runs: Runs

    @classmethod
    def by(cls, rows: Numbers) -> "_Gathered":
        row, which, times = np.unique(rows, return_inverse=True, return_counts=True)
        most = np.argsort(-times, kind="stable")
        rank = np.empty_like(most)
        rank[most] = np.arange(len(most))
        return cls(row[most], Runs(times[most], np.argsort(rank[which], kind="stable")))

    def narrow(self, bounds: Limits, by: Limits) -> None:
        at = self.row
        bounds.low[at] = np.maximum(bounds.low[at], self.runs.reduced(np.maximum, by.low))
        bounds.high[at] = np.minimum(bounds.high[at], self.runs.reduced(np.minimum, by.high))


@dataclass(frozen=True)
class EquationSystem:
    """All equations among counts. among: of places, which are rows; within: of layers, which are columns."""

    among: Equations
    within: Equations

    def tighten(self, bounds: Limits, known: Known, changed: Flags) -> None:
        """Narrow `bounds` in place by the equations one by one, again and again until nothing changes.

        changed: places of which something is not yet made use of.
        """
        while changed.any():
            changed = np.logical_or.reduce(self.narrow(bounds, known, changed), axis=1)

    def narrow(self, bounds: Limits, known: Known, changed: Flags) -> Flags:
        """Narrow `bounds` in place once, by the equations that the changed places are in. Which counts it narrowed."""
        before = bounds.copy()
        known.narrow(bounds, changed)
        self._within(bounds, changed)
        self.among.with_members(changed).narrow(bounds)
        narrowed: Flags = (before.low != bounds.low) | (before.high != bounds.high)
        return narrowed

    def _within(self, bounds: Limits, changed: Flags) -> None:
        own = bounds.at(changed)
        self.within.narrow(own.turned)
        bounds.low[changed], bounds.high[changed] = own.low, own.high
