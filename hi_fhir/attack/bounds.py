"""What all sums together leave of each count: intervals narrowed by turns until none narrows any more."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.relations.ratios import tightened_by
from hi_fhir.attack.relations.scores import Shares, tightened
from hi_fhir.attack.relations.sums import Sums
from hi_fhir.attack.systems import System
from hi_fhir.attack.told import UNBOUNDED, Bools, Ints
from hi_fhir.core.progress import Progress

_MEMBERS_AT_ONCE = 2_000_000
_MOST_ROUNDS = 1_000

Sides = npt.NDArray[np.int8]
LOW, HIGH = 0, 1


class Step(NamedTuple):
    """What one round narrowed, a row a bound: the count's place, which side, the sum that did it, and the bound.

    by: numbered as in the system.
    """

    place: Ints
    side: Sides
    by: Ints
    bound: Ints

    def of(self, rows: npt.NDArray[np.int64]) -> "Step":
        return Step(self.place[rows], self.side[rows], self.by[rows], self.bound[rows])


class Bounds(NamedTuple):
    """low, high: of each count. steps: how they came about. contradicted: sums that the numbers do not keep."""

    low: Ints
    high: Ints
    steps: list[Step]
    contradicted: Bools


def propagate(system: System, progress: Progress) -> Bounds:
    """Narrow all intervals as far as single sums can. No value that fits all sums is ever left out.

    A sum that cannot hold with what was told is left aside: it is not true of these people.
    """
    low, high, sums, shares = system.low.copy(), system.high.copy(), system.sums, system.shares
    contradicted = np.zeros(sums.total, dtype=np.bool_)
    steps: list[Step] = []
    is_changed = np.ones(len(low), dtype=np.bool_)
    while is_changed.any() and len(steps) < _MOST_ROUNDS:
        found = [_narrowed(low, high, sums, chunk, is_changed, contradicted) for chunk in _chunks(sums)]
        found.append(_by_shares(low, high, shares, sums.total))
        found.append(_by_division(low, high, system, is_changed))
        step = _best(found, low, high)
        is_changed[:] = False
        is_low = step.side == LOW
        low[step.place[is_low]] = step.bound[is_low]
        high[step.place[~is_low]] = step.bound[~is_low]
        is_changed[step.place] = True
        steps.append(step)
        progress.advance()
    return Bounds(low, high, steps, contradicted)


def _chunks(sums: Sums) -> Iterator[tuple[int, int]]:
    """Ranges of sums with about as many members each."""
    first = 0
    while first < sums.total:
        last = int(np.searchsorted(sums.start, sums.start[first] + _MEMBERS_AT_ONCE, side="right")) - 1
        last = min(max(last, first + 1), sums.total)
        yield first, last
        first = last


def _narrowed(
    low: Ints, high: Ints, sums: Sums, chunk: tuple[int, int], is_changed: Bools, contradicted: Bools
) -> Step:
    """What the sums of a chunk narrow, each by itself; those that cannot hold are marked."""
    first, last = chunk
    start = sums.start[first : last + 1]
    members = sums.members[start[0] : start[-1]]
    is_active = np.logical_or.reduceat(is_changed[members], start[:-1] - start[0]) & ~contradicted[first:last]
    sizes = np.diff(start)
    members = members[np.repeat(is_active, sizes)]
    if not len(members):
        return NOTHING
    sizes = sizes[is_active]
    wholes = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    lows, highs = low[members].astype(np.int64), high[members].astype(np.int64)
    whole_low, whole_high = lows[wholes], highs[wholes]
    numbers = np.flatnonzero(is_active) + first
    least = np.add.reduceat(lows, wholes) - whole_low + sums.least[numbers]
    most = np.add.reduceat(highs, wholes) - whole_high + sums.most[numbers]
    is_wrong = (least > whole_high) | (most < whole_low)
    contradicted[numbers[is_wrong]] = True
    of_whole = np.repeat(np.arange(len(wholes)), sizes)
    new_low = whole_low[of_whole] - (most[of_whole] - highs)
    new_high = whole_high[of_whole] - (least[of_whole] - lows)
    new_low[wholes], new_high[wholes] = least, most
    limit = whole_high[of_whole]
    limit[wholes] = most
    is_sound = ~is_wrong[of_whole]
    raises, lowers = (new_low > lows) & is_sound, (new_high < highs) & is_sound & (limit < UNBOUNDED)
    by = np.repeat(numbers, sizes).astype(np.int32)
    return Step(
        np.concatenate((members[raises], members[lowers])),
        np.concatenate((np.full(raises.sum(), LOW, np.int8), np.full(lowers.sum(), HIGH, np.int8))),
        np.concatenate((by[raises], by[lowers])),
        np.concatenate((new_low[raises], new_high[lowers])).astype(np.int32),
    )


def _by_shares(low: Ints, high: Ints, shares: Shares, first: int) -> Step:
    """What shares narrow, numbered from `first` on."""
    place, share, is_low, bound = tightened(shares, low, high)
    return Step(place, np.where(is_low, LOW, HIGH).astype(np.int8), share + np.int32(first), bound)


def _by_division(low: Ints, high: Ints, system: System, is_changed: Bools) -> Step:
    """What published shares narrow."""
    rows = tightened_by(system.divided, low, high, is_changed)
    place, share, is_low, bound = np.array(rows, dtype=np.int32).reshape(-1, 4).T
    number = share + np.int32(sum(system.totals[:2]))
    return Step(place, np.where(is_low, LOW, HIGH).astype(np.int8), number, bound)


NOTHING = Step(np.zeros(0, np.int32), np.zeros(0, np.int8), np.zeros(0, np.int32), np.zeros(0, np.int32))


def _best(found: list[Step], low: Ints, high: Ints) -> Step:
    """Of each bound the tightest; of several sums that give it the first. Bounds that cross are left out."""
    all_ = Step(
        np.concatenate([one.place for one in found]),
        np.concatenate([one.side for one in found]),
        np.concatenate([one.by for one in found]),
        np.concatenate([one.bound for one in found]),
    )
    tightness = np.where(all_.side == LOW, -all_.bound, all_.bound)
    step = all_.of(np.lexsort((all_.by, tightness, all_.side, all_.place)))
    is_first = np.ones(len(step.place), dtype=np.bool_)
    is_first[1:] = (step.place[1:] != step.place[:-1]) | (step.side[1:] != step.side[:-1])
    step = step.of(np.flatnonzero(is_first))
    return step.of(np.flatnonzero(_is_sound(step, low, high)))


def _is_sound(step: Step, low: Ints, high: Ints) -> Bools:
    """By bound: whether the count's other end, new or old, leaves it a value."""
    is_low = step.side == LOW
    other = np.where(is_low, high[step.place], low[step.place])
    lower = np.flatnonzero(step.place[1:] == step.place[:-1])  # places stand in order, each with its lower end first
    other[lower], other[lower + 1] = step.bound[lower + 1], step.bound[lower]
    found: Bools = np.where(is_low, step.bound <= other, step.bound >= other)
    return found
