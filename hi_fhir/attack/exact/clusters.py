"""Which counts are looked at together: all that hang together where they are few, else those of one report."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from hi_fhir.attack.bounds import Bounds
from hi_fhir.attack.relations.sums import Kind
from hi_fhir.attack.systems import System
from hi_fhir.attack.told import Bools, Ints

MOST_SUMS = 1_500
"""More sums at once take too long."""
_OF_A_REPORT = (Kind.STRATA, Kind.NESTED, Kind.CROSSING, Kind.POPULATIONS)

Numbers = npt.NDArray[np.int64]


class Cluster(NamedTuple):
    """asked: places of the counts in question. numbers: of sums and shares. is_whole: nothing else bears on them."""

    asked: Ints
    numbers: Numbers
    is_whole: bool


def clusters(system: System, bounds: Bounds, is_asked: Bools) -> Iterator[Cluster]:
    """Every count that is asked about in one cluster, the tightest first: those with the fewest values left."""
    links = _Links(system, bounds)
    left = bounds.high - bounds.low + 1
    whole, sizes = links.components(np.ones(links.total, dtype=np.bool_))
    is_small = sizes[whole] <= MOST_SUMS
    of_report, _ = links.components(links.is_within_a_report)
    asked = np.flatnonzero(is_asked)
    key = np.where(is_small[asked], whole[asked], len(sizes) + of_report[asked])
    touching_whole, touching_report = links.touching(whole), links.touching(of_report)
    order = np.argsort(key, kind="stable")
    groups = np.split(asked[order], np.flatnonzero(np.diff(key[order])) + 1) if len(asked) else []
    for group in sorted(groups, key=lambda one: (float(np.mean(left[one])), int(one[0]))):
        first = int(group[0])
        numbers = touching_whole(int(whole[first])) if is_small[first] else touching_report(int(of_report[first]))
        yield Cluster(group.astype(np.int32), numbers, bool(is_small[first]))


class _Links:
    """Which counts that are not settled yet stand in which sums and shares."""

    def __init__(self, system: System, bounds: Bounds) -> None:
        sums, shares, divided = system.sums, system.shares, system.divided
        self.total = sum(system.totals)
        self._places = len(bounds.low)
        pairs = sums.total + np.arange(self.total - sums.total)
        number = np.concatenate((np.repeat(np.arange(sums.total), np.diff(sums.start)), pairs, pairs))
        place = np.concatenate((sums.members, shares.numerator, divided.numerator, shares.others, divided.whole))
        is_open = bounds.high[place] > bounds.low[place]
        is_open &= ~np.concatenate((bounds.contradicted, np.zeros(len(pairs), np.bool_)))[number]
        self._number, self._place = number[is_open], place[is_open]
        self.is_within_a_report = np.concatenate((np.isin(sums.kind, _OF_A_REPORT), np.ones(len(pairs), np.bool_)))

    def components(self, is_used: Bools) -> tuple[Numbers, Numbers]:
        """The component of each count by those sums and shares that are used, and how many of these each has."""
        chosen = is_used[self._number]
        row, column = self._number[chosen], self._place[chosen] + self.total
        size = self.total + self._places
        graph = sparse.coo_matrix((np.ones(len(row), dtype=np.int8), (row, column)), shape=(size, size))
        total, component = connected_components(graph, directed=False)
        sizes: Numbers = np.bincount(component[: self.total], minlength=total)
        return component[self.total :].astype(np.int64), sizes

    def touching(self, component: Numbers) -> Callable[[int], Numbers]:
        """All sums and shares in which a count of a component stands, by the component's number."""
        of_link = component[self._place]
        order = np.argsort(of_link, kind="stable")
        first = np.searchsorted(of_link[order], np.arange(component.max(initial=-1) + 2))
        return lambda number: np.unique(self._number[order[first[number] : first[number + 1]]])
