"""What each reader can work out of each count, for all that is told or for some of it more."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.suppression.equations import AnyNumbers, Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.flat_equations import distinct
from hi_fhir.disclosure.suppression.followed import Followed, PartSums
from hi_fhir.disclosure.suppression.insiders import Insider
from hi_fhir.disclosure.suppression.network import Network


class CountReader:
    """Of one network. cells: flat, those of which the exact count is known. wanted: how many values each count keeps.

    What could be worked out if nothing were told now can still be: of such counts no more values are wanted.
    """

    def __init__(self, network: Network, insider: Insider, is_small: Flags, fewest: int) -> None:
        """is_small: what everybody is kept from working out."""
        self.wanted: AnyNumbers = np.where(insider.is_guarded, fewest, 0).astype(np.int16)
        self.own_alone = np.flatnonzero(insider.is_guarded & ~is_small)
        self._is_in = insider.is_in
        places = np.flatnonzero(insider.knows)
        rows, columns = np.nonzero(network.is_counted[places])
        self.cells = places[rows] * network.values.shape[1] + columns
        self.exact = network.values.reshape(-1)[self.cells]

    def guard(self, counts: Flags, fewest: int) -> None:
        """Keep further counts, but for those in which its own people are."""
        self.wanted = np.where(counts & ~self._is_in[:, None], fewest, self.wanted)

    def exactly(self, bounds: Limits) -> Limits:
        """A copy of bounds, with what is known exactly."""
        exact = bounds.copy()
        exact.flat.low[self.cells] = exact.flat.high[self.cells] = self.exact
        return exact

    @property
    def is_insider(self) -> bool:
        return len(self.cells) > 0


class Public(NamedTuple):
    """What everybody can work out. known: what is told of each count; bounds: what follows; sums: of these."""

    known: Known
    bounds: Limits
    sums: PartSums


@dataclass(frozen=True)
class WorkedOut:
    """Between what counts lie for a reader: as for everybody, but for `cells`, which are flat.

    own: of these. sums: of the equations that these are in, by how much they are more than everybody's; room: as it is.
    """

    reader: CountReader
    everybody: Public
    cells: Numbers
    own: Limits
    equations: Numbers
    sums: PartSums

    @property
    def known(self) -> Known:
        return self.everybody.known

    @property
    def public(self) -> Limits:
        return self.everybody.bounds

    @property
    def known_exactly(self) -> Known:
        """What is told of each count, and its own exact counts."""
        return replace(self.known, own=self.reader.exactly(self.known.own))

    @property
    def bounds(self) -> Limits:
        bounds = self.public.copy()
        bounds.flat.low[self.cells], bounds.flat.high[self.cells] = self.own.low, self.own.high
        return bounds

    @cached_property
    def tight(self) -> Numbers:
        """Flat cells of counts of which more values are wanted than are possible.

        Of insiders those alone that are not so for everybody.
        """
        wanted = self.reader.wanted.reshape(-1)
        if not self.reader.is_insider:
            return _fewer(self.public.flat, wanted)
        alone = self.reader.own_alone
        own = self.cells[_fewer(self.own, wanted[self.cells])]
        return np.union1d(own, alone[_fewer(self.public.flat.at(alone), wanted[alone])])

    def anew(self) -> "WorkedOut":
        """The same, held against what is wanted now."""
        return replace(self)

    def expect(self) -> int:
        """Want no more values than these. Of how many counts there are fewer than were wanted."""
        bounds = self.bounds
        values = np.minimum(bounds.high - bounds.low + 1, self.reader.wanted)
        fewer = int((values < self.reader.wanted).sum())
        self.reader.wanted = values
        return fewer


class Everybody:
    """All readers of a network: what follows for everybody is worked out once and followed from there for each."""

    def __init__(self, network: Network, followed: Followed, public: CountReader, insiders: list[CountReader]) -> None:
        self.public, self.insiders = public, insiders
        self._network, self._followed = network, followed

    def public_view(self, known: Known) -> WorkedOut:
        """All that follows for those who know nothing but what is told."""
        bounds = known.own.copy()
        return _of_all(self.public, Public(known, bounds, self._followed.tighten_all(bounds, known)))

    def of_all(self, view: WorkedOut) -> WorkedOut:
        """What everybody can work out, of what one reader can."""
        return _of_all(self.public, view.everybody)

    def views(self, public: WorkedOut, readers: list[CountReader]) -> list[WorkedOut]:
        """All that follows for these insiders."""
        scratch = _Scratch(self._followed, public.everybody)
        return [scratch.of(one) for one in readers]

    def views_of_more(self, before: list[WorkedOut], known: Known, *, is_whole: bool = True) -> list[WorkedOut]:
        """All that follows for each where more is told than before. before: everybody's first.

        is_whole: of all; else of everybody alone, where that is too much already.
        """
        public, *others = before
        cells = np.flatnonzero(known.tells_more_than(public.known))
        now = Public(known, public.public.copy(), public.everybody.sums.copy())
        flat = now.bounds.flat
        equations = self._followed.narrow(flat, now.sums, known.flat, cells, known.own.flat.at(cells))
        changes = self._followed.follow(flat, now.sums, known.flat, equations)
        first = _of_all(public.reader, now)
        if not is_whole and len(first.tight):
            return [first]
        scratch = _Scratch(self._followed, now)
        scratch.follow_from(public.public.flat, np.concatenate((cells, changes.cells)))
        return [first, *(scratch.of_more(one) for one in others)]


class _Scratch:
    """What everybody can work out, to be narrowed for one insider after the other and set back."""

    def __init__(self, followed: Followed, public: Public) -> None:
        self._followed, self._public, self._known = followed, public, public.known.flat
        self._bounds, self._sums = public.bounds.copy().flat, public.sums.copy()

    def follow_from(self, before: Limits, changed: Numbers) -> None:
        """Take for given what insiders worked out before, when everybody could work out `before`.

        changed: cells of which everybody can work out more now.
        """
        self._before = before
        self._is_changed = np.zeros(self._bounds.low.size, dtype=np.bool_)
        self._is_changed[changed] = True
        self._is_asked = np.zeros(len(self._sums.least), dtype=np.bool_)
        self._is_asked[self._followed.equations.named(changed)] = True

    def of(self, reader: CountReader) -> WorkedOut:
        there = self._bounds.at(reader.cells)
        is_new = there.low != there.high
        cells, exact = reader.cells[is_new], reader.exact[is_new]
        equations = self._followed.narrow(self._bounds, self._sums, self._known, cells, Limits(exact, exact))
        return self._followed_from(reader, cells, equations, equations)

    def of_more(self, view: WorkedOut) -> WorkedOut:
        """What follows for an insider who could work out `view` before."""
        asked = view.equations[self._is_asked[view.equations]]
        if not len(asked):
            return replace(view, everybody=self._public)
        bounds, sums, cells, own = self._bounds, self._sums, view.cells, view.own
        at = view.equations
        sums.least[at] += view.sums.least
        sums.most[at] += view.sums.most
        sums.room[at] = np.minimum(sums.room[at], view.sums.room)
        there = bounds.at(cells)
        bounds.low[cells], bounds.high[cells] = np.maximum(there.low, own.low), np.minimum(there.high, own.high)
        is_changed = self._is_changed[cells]
        changed, there = cells[is_changed], there.at(is_changed)
        self._known.narrow(bounds, changed)
        own, before = own.at(is_changed), self._before.at(changed)
        low, high = bounds.low[changed] - there.low, bounds.high[changed] - there.high
        self._followed.moved(sums, changed, low - own.low + before.low, high - own.high + before.high)
        return self._followed_from(view.reader, cells, at, asked)

    def _followed_from(self, reader: CountReader, cells: Numbers, touched: Numbers, asked: Numbers) -> WorkedOut:
        """cells, touched: of which bounds and sums are others than everybody's. asked: where something is new."""
        bounds, sums, public = self._bounds, self._sums, self._public
        changes = self._followed.follow(bounds, sums, self._known, asked)
        cells = distinct(np.concatenate((cells, changes.cells)), bounds.low.size)
        touched = distinct(np.concatenate((touched, changes.equations)), len(sums.least))
        own, there = bounds.at(cells), public.bounds.flat.at(cells)
        own_sums, its_sums = sums.at(touched), public.sums.at(touched)
        bounds.low[cells], bounds.high[cells] = there.low, there.high
        sums.put(touched, its_sums)
        more = PartSums(own_sums.least - its_sums.least, own_sums.most - its_sums.most, own_sums.room)
        is_own = (own.low != there.low) | (own.high != there.high)
        return WorkedOut(reader, public, cells[is_own], own.at(is_own), touched, more)


def _fewer(bounds: Limits, wanted: AnyNumbers) -> Numbers:
    """Where fewer values are possible than wanted."""
    return np.flatnonzero((bounds.high - bounds.low + 1 < wanted) & (wanted > 0))


def _of_all(reader: CountReader, public: Public) -> WorkedOut:
    nothing = np.zeros(0, dtype=np.int64)
    return WorkedOut(reader, public, nothing, Limits(nothing, nothing), nothing, PartSums(nothing, nothing, nothing))
