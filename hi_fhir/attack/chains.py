"""From what a count was recovered: sums and shares, none of which can be left out."""

from collections.abc import Iterator

import numpy as np

from hi_fhir.attack.bounds import HIGH, LOW, NOTHING, Bounds, propagate
from hi_fhir.attack.counts import Counts
from hi_fhir.attack.findings import Link, Term
from hi_fhir.attack.relations.sums import Kind
from hi_fhir.attack.systems import System, part_of
from hi_fhir.attack.told import FEWEST, UNBOUNDED
from hi_fhir.core.progress import Silent


class Chains:
    """Looks up what narrowed what; made once for all counts that are asked about."""

    def __init__(self, system: System, bounds: Bounds) -> None:
        self._system = system
        self._rounds = len(bounds.steps) + 2
        steps = [NOTHING, *bounds.steps]
        turn = np.repeat(np.arange(len(steps)), [len(step.place) for step in steps])
        place = np.concatenate([step.place for step in steps]).astype(np.int64)
        side = np.concatenate([step.side for step in steps])
        by = np.concatenate([step.by for step in steps])
        key = (place * 2 + side) * self._rounds + turn
        order = np.argsort(key)
        self._key, self._by = key[order], by[order]

    def of(self, place: int) -> list[int]:
        """Numbers of sums and shares that leave a count fewer than FEWEST values, and no fewer of them do."""
        left = sorted(self._all(place))
        size = max(len(left) // 2, 1)
        while True:
            for start in range(0, len(left), size):
                fewer = left[:start] + left[start + size :]
                low, high = self.ends(place, fewer)
                if high - low + 1 < FEWEST:
                    left = fewer
                    break
            else:
                if size == 1:
                    return left
                size = max(size // 2, 1)

    def depth(self, place: int) -> int:
        """In which turn the last was found out about a count."""
        ends = np.searchsorted(self._key, np.array([place * 2 + 1, place * 2 + 2]) * self._rounds) - 1
        turns = [
            int(self._key[end] % self._rounds) for end in ends.tolist() if self._key[end] // (2 * self._rounds) == place
        ]
        return max(turns, default=0)

    def ends(self, place: int, numbers: list[int]) -> tuple[int, int]:
        """Between what a count lies by these sums and shares."""
        part = part_of(self._system, self._system.low, self._system.high, numbers, [place])
        bounds = propagate(part.system, Silent())
        own = part.place_of(place)
        return int(bounds.low[own]), int(bounds.high[own])

    def _all(self, place: int) -> set[int]:
        """All sums and shares that had a part in the bounds of a count."""
        used: set[int] = set()
        seen: set[int] = set()
        asked = [(place, LOW, self._rounds - 1), (place, HIGH, self._rounds - 1)]
        while asked:
            one, side, before = asked.pop()
            first = (one * 2 + side) * self._rounds
            found = int(np.searchsorted(self._key, first + before)) - 1
            if found < 0 or self._key[found] < first or found in seen:
                continue
            seen.add(found)
            number, turn = int(self._by[found]), int(self._key[found]) - first
            used.add(number)
            asked += [(other, its, turn) for other, its in self._from(number, one, side)]
        return used

    def _from(self, number: int, place: int, side: int) -> Iterator[tuple[int, int]]:
        """The ends that a sum or share makes an end of a count from."""
        sums = self._system.sums
        if number >= sums.total:
            yield from ((one, end) for one in self._system.pair(number) for end in (LOW, HIGH))
            return
        whole, *parts = sums.members_of(number)
        if place == whole:
            yield from ((one, side) for one in parts)
        else:
            yield whole, side
            yield from ((one, 1 - side) for one in parts if one != place)


def link(counts: Counts, system: System, number: int) -> Link:
    """A sum or share in words that a reader can look up."""
    if number >= system.sums.total:
        numerator, others = system.pair(number)
        return Link(Kind.SCORE.told, _term(counts, numerator), (_term(counts, others),), 0, None)
    whole, *parts = system.sums.members_of(number)
    most = int(system.sums.most[number])
    return Link(
        Kind(system.sums.kind[number]).told,
        _term(counts, whole),
        tuple(_term(counts, part) for part in parts),
        int(system.sums.least[number]),
        None if most >= UNBOUNDED else most,
    )


def _term(counts: Counts, place: int) -> Term:
    low, high = int(counts.low[place]), int(counts.high[place])
    is_masked = bool(counts.is_guarded[place]) and low > 0
    return Term(*counts.named(place), low, None if high >= UNBOUNDED else high, is_masked)
