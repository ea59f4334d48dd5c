"""Which counts are looked at together: all that hang together where they are few, else those near one another."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from hi_fhir.attack.bounds import Bounds
from hi_fhir.attack.relations.sums import Kind
from hi_fhir.attack.systems import System, distinct
from hi_fhir.attack.told import Bools, Ints

MOST_SUMS = 1_500
"""More sums at once take too long."""
OF_A_POPULATION = (Kind.STRATA, Kind.NESTED, Kind.CROSSING)
OF_A_REPORT = (*OF_A_POPULATION, Kind.POPULATIONS)

Numbers = npt.NDArray[np.int64]


class Cluster(NamedTuple):
    """asked: places of the counts in question. numbers: of sums and shares. is_whole: nothing else bears on them."""

    asked: Ints
    numbers: Numbers
    is_whole: bool


def clusters(
    system: System, bounds: Bounds, is_asked: Bools, near: Sequence[Kind], *, is_alone: bool
) -> Iterator[Cluster]:
    """Every count that is asked about in one cluster, the tightest first: those with the fewest values left.

    near: by which sums counts are near one another where too many hang together. is_alone: whether only those sums are
    looked at, and for all counts: that is less, and quick.
    """
    links = _Links(system, bounds, near)
    left = bounds.high - bounds.low + 1
    whole, sizes = links.components(np.ones(links.total, dtype=np.bool_))
    is_small = (sizes[whole] <= MOST_SUMS) & (not is_alone)
    of_near, _ = links.components(links.is_near)
    asked = np.flatnonzero(is_asked)
    key = np.where(is_small[asked], whole[asked], len(sizes) + of_near[asked])
    touching_whole, touching_near = links.touching(whole), links.touching(of_near, links.is_near if is_alone else None)
    order = np.argsort(key, kind="stable")
    groups = np.split(asked[order], np.flatnonzero(np.diff(key[order])) + 1) if len(asked) else []
    for group in sorted(groups, key=lambda one: (float(np.mean(left[one])), int(one[0]))):
        first = int(group[0])
        numbers = touching_whole(int(whole[first])) if is_small[first] else touching_near(int(of_near[first]))
        yield Cluster(group.astype(np.int32), numbers, bool(is_small[first]))


class _Links:
    """Which counts that are not settled yet stand in which sums and shares."""

    def __init__(self, system: System, bounds: Bounds, near: Sequence[Kind]) -> None:
        sums, shares, divided = system.sums, system.shares, system.divided
        self.total = sum(system.totals)
        self._places = len(bounds.low)
        pairs = sums.total + np.arange(self.total - sums.total)
        number = np.concatenate((np.repeat(np.arange(sums.total), np.diff(sums.start)), pairs, pairs))
        place = np.concatenate((sums.members, shares.numerator, divided.numerator, shares.others, divided.whole))
        is_open = bounds.high[place] > bounds.low[place]
        is_open &= ~np.concatenate((bounds.contradicted, np.zeros(len(pairs), np.bool_)))[number]
        self._number, self._place = number[is_open], place[is_open]
        are_pairs_near = np.full(len(pairs), Kind.POPULATIONS in near)
        self.is_near = np.concatenate((np.isin(sums.kind, near), are_pairs_near))

    def components(self, is_used: Bools) -> tuple[Numbers, Numbers]:
        """The component of each count by those sums and shares that are used, and how many of these each has."""
        chosen = is_used[self._number]
        row, column = self._number[chosen], self._place[chosen] + self.total
        size = self.total + self._places
        graph = sparse.coo_matrix((np.ones(len(row), dtype=np.int8), (row, column)), shape=(size, size))
        total, component = connected_components(graph, directed=False)
        sizes: Numbers = np.bincount(component[: self.total], minlength=total)
        return component[self.total :].astype(np.int64), sizes

    def touching(self, component: Numbers, is_used: Bools | None = None) -> Callable[[int], Numbers]:
        """All sums and shares, or those that are used, in which a count of a component stands, by its number."""
        used = self._number if is_used is None else self._number[is_used[self._number]]
        place = self._place if is_used is None else self._place[is_used[self._number]]
        of_link = component[place]
        order = np.argsort(of_link, kind="stable")
        first = np.searchsorted(of_link[order], np.arange(component.max(initial=-1) + 2))
        return lambda number: distinct(used[order[first[number] : first[number + 1]]])
