"""The check beyond single sums: values of masked counts that all sums of a cluster allow together."""

import time
from typing import NamedTuple

import numpy as np

from hi_fhir.attack.bounds import Bounds
from hi_fhir.attack.exact.clusters import OF_A_POPULATION, OF_A_REPORT, Cluster, clusters
from hi_fhir.attack.exact.programme import Programme
from hi_fhir.attack.systems import Part, System, part_of
from hi_fhir.attack.told import FEWEST, Bools, Ints
from hi_fhir.core.progress import Progress

_TRIES = 6
_LONGEST_S = 10.0


class Checked(NamedTuple):
    """low, high: ends that are narrower than before or as they were. possible: at most so many values, by count.

    decided: masked counts that are now known to be recovered or not to be, by anything that is told here. nearby: by
    what is told near them. unseen: those for which there was no time.
    """

    low: Ints
    high: Ints
    possible: Ints
    decided: int
    nearby: int
    unseen: int


def check(
    system: System, bounds: Bounds, is_masked: Bools, limit_s: float, progress: Progress, *, nodes: int | None = None
) -> Checked:
    """Bound those masked counts more narrowly that single sums leave FEWEST values or more, for so many seconds.

    First each population of each report by itself, which is quick, then all that hangs together. nodes: what ends the
    look for values, of which there are several for each count, so that no clock does: limit_s may be endless then.
    """
    ends = time.monotonic() + limit_s
    low, high = bounds.low.copy(), bounds.high.copy()
    possible = high - low + 1
    is_asked = is_masked & (possible >= FEWEST)
    if limit_s <= 0:
        return Checked(low, high, possible, 0, 0, int(is_asked.sum()))
    progress.start("check", int(is_asked.sum()), "masked counts")
    is_decided, is_near = np.zeros_like(is_asked), np.zeros_like(is_asked)
    for near in (OF_A_POPULATION, OF_A_REPORT):
        is_first = near is OF_A_POPULATION
        for cluster in clusters(system, bounds, is_asked & ~is_decided, near, is_alone=is_first):
            settled = cluster.asked[_Search(system, low, high, cluster, ends, nodes).run(possible)]
            (is_decided if cluster.is_whole else is_near)[settled] = True
            progress.advance(len(cluster.asked) if is_first else 0)
    decided, nearby = int(is_decided.sum()), int((is_near & ~is_decided).sum())
    unseen = int(is_asked.sum()) - decided - nearby
    progress.finish(f"{decided:,} masked counts decided, {nearby:,} held against what is near, {unseen:,} left")
    return Checked(low, high, possible, decided, nearby, unseen)


class _Search:
    """Values for the counts of one cluster, of which each solution shows one of every count."""

    def __init__(self, system: System, low: Ints, high: Ints, cluster: Cluster, ends: float, nodes: int | None) -> None:
        self._low, self._high = low, high
        self._part: Part = part_of(system, low, high, cluster.numbers.tolist(), cluster.asked.tolist())
        self._asked = cluster.asked
        self._own = np.searchsorted(self._part.places, cluster.asked)
        self._seen = np.zeros(len(cluster.asked), dtype=np.int64)
        self._ends, self._nodes = ends, nodes

    def run(self, possible: Ints) -> Bools:
        """Narrow the counts one by one, where chance does not show FEWEST values of them; which are settled."""
        if self._limit_s <= 0:
            return np.zeros(len(self._asked), dtype=np.bool_)
        self._programme = Programme(self._part.system, self._nodes)
        self._try_by_chance()
        for number in range(len(self._asked)):
            if self._values(number) < FEWEST and self._limit_s > 0:
                self._narrow(number, possible)
        is_settled: Bools = (np.bitwise_count(self._seen) >= FEWEST) | (possible[self._asked] < FEWEST)
        return is_settled

    @property
    def _limit_s(self) -> float:
        return min(self._ends - time.monotonic(), _LONGEST_S)

    def _values(self, number: int) -> int:
        """How many values of a count were shown."""
        return int(self._seen[number]).bit_count()

    def _show(self, values: Ints | None) -> None:
        if values is not None:
            self._seen |= np.left_shift(1, np.minimum(values[self._own], 62).astype(np.int64))

    def _try_by_chance(self) -> None:
        """Solutions as far apart as weights by chance put them; the same ones each time."""
        chance = np.random.default_rng(1)
        for _ in range(_TRIES):
            is_open = np.bitwise_count(self._seen) < FEWEST
            if not is_open.any() or self._limit_s <= 0:
                return
            weights = np.zeros(len(self._part.places))
            weights[self._own[is_open]] = chance.uniform(-1, 1, int(is_open.sum()))
            self._show(self._programme.least(weights, self._programme.ends, self._limit_s).values)

    def _narrow(self, number: int, possible: Ints) -> None:
        place, own = int(self._asked[number]), int(self._own[number])
        for sign, ends in ((1, self._low), (-1, self._high)):
            end, values = self._programme.end(own, sign, self._limit_s)
            self._show(values)
            if end is not None and sign * end > sign * int(ends[place]):
                ends[place] = end
        low, high = int(self._low[place]), int(self._high[place])
        possible[place] = high - low + 1
        if possible[place] >= FEWEST > self._values(number):
            found = self._programme.between(own, low + 1, high - 1, self._limit_s)
            self._show(found.values)
            if found.is_impossible:
                possible[place] = 2
