"""What each reader can work out of each count, for all that is told or for some of it more."""

from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.suppression.equations import Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.followed import Followed
from hi_fhir.disclosure.suppression.insiders import Insider
from hi_fhir.disclosure.suppression.network import Network


class CountReader:
    """Of one network. cells: flat, those of which the exact count is known. wanted: how many values each count keeps.

    What could be worked out if nothing were told now can still be: of such counts no more values are wanted.
    """

    def __init__(self, network: Network, insider: Insider, is_small: Flags, fewest: int) -> None:
        """is_small: what everybody is kept from working out."""
        self.wanted = np.where(insider.is_guarded, fewest, 0)
        self.own_alone = np.flatnonzero(insider.is_guarded & ~is_small)
        places = np.flatnonzero(insider.knows)
        rows, columns = np.nonzero(network.is_counted[places])
        self.cells = places[rows] * network.values.shape[1] + columns
        self.exact = network.values.reshape(-1)[self.cells]

    def exactly(self, bounds: Limits) -> Limits:
        """A copy of bounds, with what is known exactly."""
        exact = bounds.copy()
        exact.flat.low[self.cells] = exact.flat.high[self.cells] = self.exact
        return exact

    @property
    def is_insider(self) -> bool:
        return len(self.cells) > 0


class WorkedOut(NamedTuple):
    """Between what counts lie for a reader: as for everybody, but for `cells`, which are flat.

    known: what everybody is told of each count.
    """

    reader: CountReader
    known: Known
    public: Limits
    cells: Numbers
    own: Limits

    @property
    def bounds(self) -> Limits:
        bounds = self.public.copy()
        bounds.flat.low[self.cells], bounds.flat.high[self.cells] = self.own.low, self.own.high
        return bounds

    @property
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
        self._network.system.tighten(bounds, known, np.ones(len(bounds.low), dtype=np.bool_))
        return _public(self.public, known, bounds)

    def views(self, public: WorkedOut, readers: list[CountReader]) -> list[WorkedOut]:
        """All that follows for these insiders."""
        scratch = public.bounds.flat
        return [
            self._followed_from(public, scratch, one, one.cells, one.exact, one.exact, one.cells) for one in readers
        ]

    def views_of_more(self, before: list[WorkedOut], known: Known) -> list[WorkedOut]:
        """All that follows for each where more is told than before. before: everybody's first."""
        public, *others = before
        cells = np.flatnonzero(known.tells_more_than(public.known))
        bounds = public.public.copy()
        flat, own = bounds.flat, known.own.flat.at(cells)
        flat.low[cells] = np.maximum(flat.low[cells], own.low)
        flat.high[cells] = np.minimum(flat.high[cells], own.high)
        changed = np.union1d(self._followed.tighten(flat, known.flat, cells), cells)
        now = _public(public.reader, known, bounds)
        is_near = self._followed.near(changed)
        scratch = bounds.copy().flat
        views = (
            self._followed_from(
                now, scratch, one.reader, one.cells, one.own.low, one.own.high, one.cells[is_near[one.cells]]
            )
            for one in others
        )
        return [now, *views]

    def _followed_from(
        self,
        public: WorkedOut,
        scratch: Limits,
        reader: CountReader,
        cells: Numbers,
        low: Numbers,
        high: Numbers,
        start: Numbers,
    ) -> WorkedOut:
        """scratch: everybody's bounds, as they are left again. low, high: of `cells`. start: where something is new."""
        everybody = public.public.flat
        scratch.low[cells] = np.maximum(scratch.low[cells], low)
        scratch.high[cells] = np.minimum(scratch.high[cells], high)
        cells = np.union1d(cells, self._followed.tighten(scratch, public.known.flat, start))
        own, there = scratch.at(cells), everybody.at(cells)
        scratch.low[cells], scratch.high[cells] = there.low, there.high
        is_own = (own.low != there.low) | (own.high != there.high)
        return WorkedOut(reader, public.known, public.public, cells[is_own], own.at(is_own))


def _fewer(bounds: Limits, wanted: Numbers) -> Numbers:
    """Where fewer values are possible than wanted."""
    return np.flatnonzero((bounds.high - bounds.low + 1 < wanted) & (wanted > 0))


def _public(reader: CountReader, known: Known, bounds: Limits) -> WorkedOut:
    nothing = np.zeros(0, dtype=np.int64)
    return WorkedOut(reader, known, bounds, nothing, Limits(nothing, nothing))
