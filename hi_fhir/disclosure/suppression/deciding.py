"""Which counts of a network are suppressed, so that no reader can work a small one out."""

import numpy as np

from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.counts import Hierarchy
from hi_fhir.disclosure.suppression.choosing import NEVER, Costs, loosening, worths
from hi_fhir.disclosure.suppression.equations import Flags, Numbers
from hi_fhir.disclosure.suppression.exactly.parts import MOST_TOGETHER
from hi_fhir.disclosure.suppression.exactly.proving import Proving, Work
from hi_fhir.disclosure.suppression.fewest import Choice, Fewest
from hi_fhir.disclosure.suppression.followed import Followed
from hi_fhir.disclosure.suppression.insiders import insiders, nobody
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import Network
from hi_fhir.disclosure.suppression.readers import CountReader, Everybody, WorkedOut
from hi_fhir.disclosure.suppression.together.holding import released_from
from hi_fhir.disclosure.suppression.together.ranges import Ranges

_MOST_TO_EXCHANGE = 50
"""Of more suppressed counts exchanging all at once was no gain: 305 in place of 275 on a release of ten measures."""

_MOST_TO_CHOOSE_FROM = 1_000
"""Of a network with more counts the fewest that do are not looked for: each question is a decision's worth of work."""


class Deciding:
    """Of one network. suppressed: the counts that are. already_known: small ones that can be worked out whatever is.

    guarded: counts that nobody may work out; proven: those that are shown to have enough values by all sums at once.
    """

    def __init__(
        self, network: Network, hierarchy: Hierarchy, knowledge: Knowledge, fewest: int, held_back: Flags | None = None
    ) -> None:
        """held_back: counts that are suppressed for others' sake already, and stay so."""
        self._network, self._knowledge, self._fewest = network, knowledge, fewest
        self._worth = worths(network, knowledge.is_small)
        self._held_back = knowledge.past.is_held_back & knowledge.is_told & ~knowledge.is_known
        if held_back is not None:
            self._held_back |= held_back
        self._withheld = knowledge.small_groups.withheld
        self.suppressed: Flags = self._held_back | self._withheld
        self._followed = Followed(network.system, network.values.shape)
        known = insiders(network, hierarchy, knowledge.few, knowledge.is_guarded)
        readers = [
            CountReader(network, one, knowledge.is_small, fewest) for one in (nobody(knowledge.is_small), *known)
        ]
        self._everybody = Everybody(network, self._followed, readers[0], readers[1:])
        self._protected = knowledge.is_small
        self._first = self._everybody.public_view(knowledge.told(self.suppressed))
        self._protect_nobody(self._first)
        self.already_known = 0 if knowledge.is_free else self._expect()
        self.guarded = self.proven = 0

    def decided(self, work: Work, of_insiders: Work | None = None) -> Flags:
        """Suppress as much as it takes, then give back what was not needed, and look for what is cheaper instead.

        work: what there is for tables that show counts safe from everybody. of_insiders: the same from each insider.
        """
        views = self._all_views(self._suppress(self._first))
        public = self._least(self._exchange(self._give_back(views, self._dear(self.suppressed))))[0]
        proving = Proving(self._network, work)
        public, asked = self._suppress_for_nobody(public), self._protected
        while asked.any():
            before = self._protected
            public = self._suppress_for_nobody(self._suppress_together(public, asked))
            proving.move_people(public.known, public.public)
            public = self._suppress_for_nobody(self._suppress_exactly(proving, public))
            if of_insiders is not None and self.suppressed.size <= MOST_TOGETHER:
                public = self._suppress_for_insiders(of_insiders, public)
            asked = self._protected & ~before
        self.guarded = int(self._protected.sum())
        self.proven = proving.proven(self._protected, self._everybody.public.wanted)
        return self.suppressed

    def _suppress_for_nobody(self, public: WorkedOut) -> WorkedOut:
        """What is suppressed of larger groups tells nothing any more of the small ones in them.

        public: what everybody can work out before, and what is given after.
        """
        while self._protect_nobody(public):
            if not self._knowledge.is_free:
                self._expect()
            public = self._suppress(public)
        return public

    def _protect_nobody(self, public: WorkedOut) -> bool:
        """Keep those counts from everybody that are 0 within small groups, but for what larger ones tell by now."""
        more = self._knowledge.protected(self._network, public.public) & ~self._protected
        self._protected = self._protected | more
        for reader in (self._everybody.public, *self._everybody.insiders):
            reader.guard(more, self._fewest)
        return bool(more.any())

    def _suppress_together(self, public: WorkedOut, asked: Flags) -> WorkedOut:
        """In rounds, for the sake of counts of which all sums of a reporter's population together leave too little.

        public: what everybody can work out before, and what is given after.
        """
        ranges = Ranges(self._network)
        wanted = self._everybody.public.wanted
        while asked.any():
            holds = ranges.holds(public.public, asked, wanted)
            asked = holds.tight(self.suppressed.shape)
            if asked.any():
                allowed = self._knowledge.is_told & ~self.suppressed
                costs = Costs(self._network, self._knowledge, self._worth, allowed)
                more = costs.with_cells(
                    released_from(self._followed.equations, public.known, public.public, holds, costs.flat)
                )
                self._add(more[allowed.reshape(-1)[more]])
                public = self._everybody.public_view(self._knowledge.told(self.suppressed))
        return public

    def _suppress_for_insiders(self, work: Work, public: WorkedOut) -> WorkedOut:
        """The same for each practice that knows its own counts; all are safe from single sums before.

        public: what everybody can work out before, and what is given after.
        """
        for reader in self._everybody.insiders:
            if work.left > 0 and reader.wanted.any():
                (view,) = self._everybody.views(public, [reader])
                public = self._suppress_for_nobody(self._suppress_exactly(Proving(self._network, work), view))
        return public

    def _suppress_exactly(self, proving: Proving, view: WorkedOut) -> WorkedOut:
        """In rounds, for the sake of counts of which all sums at once are shown to leave too little.

        view: what a reader can work out before. What everybody can is given after.
        """
        reader, public = view.reader, view
        asked = reader.wanted > 0 if reader.is_insider else self._protected
        loose = reader.exactly(self._knowledge.told(np.ones_like(self.suppressed)).own)
        while unsafe := proving.unsafe(view.known_exactly, view.bounds, asked, reader.wanted):
            allowed = self._knowledge.is_told & ~self.suppressed
            allowed.reshape(-1)[reader.cells] = False
            costs = Costs(self._network, self._knowledge, self._worth, allowed)
            found = [proving.suppressed_for(one, view.known_exactly, loose, costs) for one in unsafe]
            cells, more = np.array([one.cell for one in unsafe]), np.concatenate(found)
            if not len(more):
                known, bounds = view.known_exactly.flat, view.bounds.flat
                more = loosening(self._followed.equations, known, bounds, cells, costs.flat, all_that_pin=False)
                more = costs.with_cells(more)
            more = np.unique(more[allowed.reshape(-1)[more]])
            if not len(more) and not self._knowledge.is_free:
                wanted = reader.wanted.reshape(-1)
                if not reader.is_insider:
                    self.already_known += int((wanted[cells] == self._fewest).sum())
                wanted[cells] = 1
            else:
                self._add(more)
                public = self._everybody.public_view(self._knowledge.told(self.suppressed))
                view = self._everybody.views(public, [reader])[0] if reader.is_insider else public
        return self._everybody.of_all(public)

    def _add(self, cells: Numbers) -> None:
        """Suppress flat cells."""
        if not len(cells):
            raise GateError(
                f"{', '.join(self._network.groups)}: small counts could be worked out whatever is held back beside "
                "them. Nothing is released; this is a fault of hi_fhir, please report it."
            )
        self.suppressed = self.suppressed.copy()
        self.suppressed.reshape(-1)[cells] = True

    def _expect(self) -> int:
        """Take what follows from the past alone as what cannot be helped. Small counts known to everybody so."""
        public = self._everybody.public_view(self._knowledge.told(np.ones_like(self.suppressed)))
        for view in self._everybody.views(public, self._everybody.insiders):
            view.expect()
        public.expect()
        reader, knowledge = self._everybody.public, self._knowledge
        reader.wanted = Ranges(self._network).left(public.public, self._protected, reader.wanted)
        return int((knowledge.is_small & (reader.wanted < self._fewest)).sum())

    def _suppress(self, public: WorkedOut) -> WorkedOut:
        """In rounds: what is safe from a reader stays so, whatever more is suppressed. What everybody is left with.

        public: what everybody can work out before, and what is given after.
        """
        public, unsafe, before = public.anew(), self._everybody.insiders, None
        while True:
            is_for_all = len(public.tight) > 0
            views = [public] if is_for_all else self._tight(self._everybody.views(public, unsafe))
            if not views:
                return public
            more = self._more(views, self._knowledge.is_told & ~self.suppressed, all_that_pin=is_for_all == before)
            self._add(np.flatnonzero(more))
            public = self._everybody.public_view(self._knowledge.told(self.suppressed))
            before = is_for_all
            if not is_for_all:
                unsafe = [view.reader for view in views]

    @staticmethod
    def _tight(views: list[WorkedOut]) -> list[WorkedOut]:
        """Those of readers who can work out too much."""
        return [view for view in views if len(view.tight)]

    def _all_views(self, public: WorkedOut) -> list[WorkedOut]:
        return [public, *self._everybody.views(public, self._everybody.insiders)]

    def _dear(self, cells: Flags) -> Flags:
        """Those of cells that are told rather than masked if they are not suppressed, and may be."""
        is_free = cells & ~self._held_back & ~self._withheld
        dear: Flags = is_free & (self._network.values > self._knowledge.few)
        return dear

    def _give_back(self, views: list[WorkedOut], cells: Flags) -> list[WorkedOut]:
        """Tell what turns out not to be needed: first all at once, then some of which no two are in one equation.

        views: what each reader can work out before. What they can after that.
        """
        views = self._try(views, cells)
        left = self.suppressed & cells
        while left.any():
            chosen = np.zeros_like(left)
            flat = np.flatnonzero(left)
            chosen.reshape(-1)[self._followed.equations.apart(flat, self._worth.reshape(-1))] = True
            views = self._try(views, chosen)
            left &= ~chosen
        return views

    def _exchange(self, views: list[WorkedOut]) -> list[WorkedOut]:
        """Suppress what is beside suppressed counts, and give back these first: it stays so where fewer are lost."""
        before, own = self.suppressed, self._dear(self.suppressed)
        if own.sum() > _MOST_TO_EXCHANGE:
            return views
        beside = np.zeros_like(own)
        beside.reshape(-1)[self._followed.equations.asked(np.flatnonzero(own)).cells] = True
        beside = self._dear(beside & self._knowledge.is_told & ~self._knowledge.is_known & ~before)
        if not beside.any():
            return views
        self.suppressed = before | beside
        now = self._all_views(self._everybody.public_view(self._knowledge.told(self.suppressed)))
        now = self._give_back(self._give_back(now, own), beside)
        if self._dear(self.suppressed).sum() < own.sum():
            return now
        self.suppressed = before
        return views

    def _least(self, views: list[WorkedOut]) -> list[WorkedOut]:
        """Of a small network, suppress the fewest counts that would be told, with any others that takes."""
        before, own = self.suppressed, int(self._dear(self.suppressed).sum())
        if not own or before.size > _MOST_TO_CHOOSE_FROM:
            return views
        may_be = self._knowledge.is_told & ~self._knowledge.is_known
        dear = self._dear(may_be)
        others = before & ~dear | (may_be & ~dear)

        def with_others(choice: Choice) -> Flags:
            flags = others.copy()
            flags.reshape(-1)[list(choice)] = True
            return flags

        def is_safe(choice: Choice) -> bool:
            public = self._everybody.public_view(self._knowledge.told(with_others(choice)))
            return not len(public.tight) and not self._tight(self._everybody.views(public, self._everybody.insiders))

        flat = np.flatnonzero(dear)
        cheapest = flat[np.argsort(self._worth.reshape(-1)[flat])]
        found = Fewest(cheapest.tolist(), is_safe).below(own)
        if found is None:
            return views
        self.suppressed = with_others(found)
        now = self._all_views(self._everybody.public_view(self._knowledge.told(self.suppressed)))
        return self._give_back(self._give_back(now, others & ~before), others & ~self._held_back & ~self._withheld)

    def _try(self, views: list[WorkedOut], cells: Flags) -> list[WorkedOut]:
        """Tell cells after all, but for those without which a small count could be worked out."""
        while cells.any():
            told = self.suppressed & ~cells
            now = self._everybody.views_of_more(views, self._knowledge.told(told), is_whole=False)
            unsafe = self._tight(now)
            if not unsafe:
                self.suppressed = told
                return now
            needed = self._more(unsafe, cells, all_that_pin=False)
            cells = cells & ~needed if needed.any() else np.zeros_like(cells)
        return views

    def _more(self, views: list[WorkedOut], allowed: Flags, *, all_that_pin: bool) -> Flags:
        """What of the counts allowed is to be suppressed for the sake of those that are tight.

        What is for one reader serves the next; what everybody can work out is seen to once.
        """
        found = np.zeros_like(self.suppressed)
        costs, seen = Costs(self._network, self._knowledge, self._worth, allowed), np.zeros(found.size, dtype=np.bool_)
        known, bounds, public = views[0].known.copy().flat, views[0].public.copy().flat, views[0].public.flat
        told = views[0].known.own.flat
        for view in views:
            tight = view.tight[~seen[view.tight]]
            if not view.reader.is_insider:
                seen[tight] = True
            if not len(tight):
                continue
            own = view.reader.cells
            cost = costs.flat[own]
            costs.flat[own] = NEVER
            known.own.low[own] = known.own.high[own] = view.reader.exact
            bounds.low[view.cells], bounds.high[view.cells] = view.own.low, view.own.high
            more = loosening(self._followed.equations, known, bounds, tight, costs.flat, all_that_pin=all_that_pin)
            bounds.low[view.cells], bounds.high[view.cells] = public.low[view.cells], public.high[view.cells]
            known.own.low[own], known.own.high[own] = told.low[own], told.high[own]
            costs.flat[own] = cost
            more = costs.with_cells(more)
            more = more[allowed.reshape(-1)[more]]
            costs.flat[more] = 0
            found.reshape(-1)[more] = True
        return found
