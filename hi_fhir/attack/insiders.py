"""What practices can work out of others that know their own people exactly, beyond what everybody can."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.attacking import Bounded
from hi_fhir.attack.bounds import Bounds, propagate
from hi_fhir.attack.findings import Recovered, recovered_at
from hi_fhir.attack.own import is_of_readers, own_among, tells_own
from hi_fhir.attack.reading.own_counts import OwnCounts
from hi_fhir.attack.systems import System, part_of
from hi_fhir.attack.told import FEWEST, Bools, Ints
from hi_fhir.attack.touching import Touching
from hi_fhir.core.progress import Silent

Numbers = npt.NDArray[np.int64]


class FromWithin(NamedTuple):
    """What a practice can work out with a release and could not without it. already: so many it could before."""

    practice: str
    recovered: tuple[Recovered, ...]
    already: int


def given_to_insiders(
    found: Bounded, readers: Iterable[OwnCounts], without: Callable[[], System]
) -> Iterator[FromWithin]:
    """What each practice by itself works out by single sums, where that is anything.

    found: what everybody does. without: the system without what the release tells, asked for only if it matters.
    """
    now, before = _View(found.system, found.bounds), _Before(without)
    for reader in readers:
        low, high, narrowed = now.of(reader)
        places = _recovered(found, now, reader, low, high, narrowed)
        if not len(places):
            continue
        possible = (high - low + 1)[places]
        then_low, then_high, _ = before.view.of(reader)
        is_worse = possible < (then_high - then_low + 1)[places]
        worse = recovered_at(found.counts, places[is_worse], low, high, high - low + 1, high - low + 1)
        yield FromWithin(reader.practice, worse, int((~is_worse).sum()))


def as_insider(found: Bounded, reader: OwnCounts) -> Bounded:
    """All counts as a practice sees them, of which its own are told it exactly."""
    own, value = _fitting(found.bounds, reader)
    counts, system = found.counts, found.system
    low, high, is_guarded = counts.low.copy(), counts.high.copy(), counts.is_guarded.copy()
    low[own] = high[own] = value
    is_guarded[own] = False
    system = system._replace(low=low, high=high)
    return Bounded(replace(counts, low=low, high=high, is_guarded=is_guarded), system, propagate(system, Silent()))


def _fitting(bounds: Bounds, reader: OwnCounts) -> tuple[Numbers, Ints]:
    """Places of own counts, and how many these are.

    What the numbers contradict was corrected since, or is of others: there it knows no more than is told.
    """
    fits = (bounds.low[reader.place] <= reader.value) & (reader.value <= bounds.high[reader.place])
    return reader.place[fits].astype(np.int64), reader.value[fits]


class _View:
    """What a reader knows on top of what everybody does."""

    def __init__(self, system: System, bounds: Bounds) -> None:
        self.system, self.bounds = system, bounds
        self.touching = Touching(system, bounds)

    def of(self, reader: OwnCounts) -> tuple[Ints, Ints, Numbers]:
        """Between what each count lies for a practice, and the places of those that it knows better than others."""
        low, high = self.bounds.low.copy(), self.bounds.high.copy()
        own, value = _fitting(self.bounds, reader)
        is_new = high[own] > low[own]
        low[own] = high[own] = value
        return low, high, self.touching.narrow(low, high, own[is_new])


class _Before:
    """The same without what a release tells, worked out when it is first asked for."""

    def __init__(self, without: Callable[[], System]) -> None:
        self._without = without

    @cached_property
    def view(self) -> _View:
        system = self._without()
        return _View(system, propagate(system, Silent()))


def _recovered(found: Bounded, now: _View, reader: OwnCounts, low: Ints, high: Ints, narrowed: Numbers) -> Numbers:
    """Places of guarded counts of which too few values are left to a practice, with others than its own people.

    Somebody is surely in them: of areas in which nobody else is, practices are not asked.
    """
    counts, bounds = found.counts, found.bounds
    is_few = (low[narrowed] > 0) & (high[narrowed] - low[narrowed] + 1 < FEWEST)
    few = narrowed[counts.is_guarded[narrowed] & is_few]
    few = few[(bounds.high[few] - bounds.low[few] + 1 >= FEWEST) & ~is_of_readers(counts, few, {reader.practice})]
    if not len(few):
        return few
    part = part_of(now.system, low, high, _areas_of(now, few).tolist(), few.tolist())
    is_own = is_of_readers(counts, part.places.astype(np.int64), {reader.practice})
    own = own_among(is_own, part.system.low, part.system.high, part.system.sums)[np.searchsorted(part.places, few)]
    with_others: Numbers = few[(own == 0) | (low[few] > own)]
    return with_others


def _areas_of(view: _View, places: Numbers) -> Numbers:
    """Numbers of the sums by which it is known whose people are in these counts, and in what they are parts of."""
    sums, tells = view.system.sums, _padded(tells_own(view.system.sums), sum(view.system.totals))
    beside = view.touching.of(places)
    beside = beside[beside < sums.total]
    places = np.union1d(places, sums.of(beside).members)
    while True:
        touched = view.touching.of(places)
        numbers = touched[tells[touched]]
        wider = np.union1d(places, sums.of(numbers).members)
        if len(wider) == len(places):
            return np.union1d(beside, numbers)
        places = wider


def _padded(flags: Bools, size: int) -> Bools:
    found = np.zeros(size, dtype=np.bool_)
    found[: len(flags)] = flags
    return found
