"""The counts of one population at one reporter as a case of a graph: how far each can move, and what stops it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.disclosure.suppression.equations import Flags, Numbers
from hi_fhir.disclosure.suppression.together.flows import Rooms, most_flow
from hi_fhir.disclosure.suppression.together.graphs import SINK, SOURCE, Graph

UP, DOWN = 0, 1


class AskedCounts(NamedTuple):
    """Strata by position, the arc that each is or is within, and the case that is asked about."""

    stratum: Numbers
    arc: Numbers
    case: Numbers

    def of(self, rows: npt.NDArray[np.bool_] | slice) -> "AskedCounts":
        return AskedCounts(self.stratum[rows], self.arc[rows], self.case[rows])


class Moves(NamedTuple):
    """By row: how far a count can move. at_end: by arc (the last is the whole) and row, which ones hold it.

    Each is [up, down] by the side of it that holds: its greatest or its least value.
    """

    amount: Numbers
    at_end: tuple[Flags, Flags]


class Cases:
    """room: by side, how much each count can rise or fall by itself: shape (stratum, case)."""

    def __init__(self, graph: Graph, room: tuple[Rooms, Rooms]) -> None:
        self._graph, self._room = graph, room
        self._own = tuple(one[graph.stratum] for one in room)
        self._rooms = tuple(self._with_inner(side) for side in (UP, DOWN))
        self._tail = np.append(graph.tail, SINK)
        self._head = np.append(graph.head, SOURCE)

    def targets(self) -> tuple[Numbers, Numbers]:
        """Positions of all strata, and for each the arc that it is or is within."""
        inner = self._graph.inner
        arcs = np.arange(len(self._graph.stratum))
        within = [np.full(len(parts), arc) for arc, parts in inner.items()]
        return np.concatenate((self._graph.stratum, *inner.values())), np.concatenate((arcs, *within))

    def strata_of(self, arcs: Numbers, whole: int | None) -> Iterator[tuple[Numbers, Numbers]]:
        """Rows of `arcs` and the strata that stand for them: an arc's own and one within it at a time."""
        count = len(self._graph.stratum)
        is_own = np.flatnonzero(arcs < count)
        yield is_own, self._graph.stratum[arcs[is_own]]
        if whole is not None:
            is_whole = np.flatnonzero(arcs == count)
            yield is_whole, np.full(len(is_whole), whole)
        for arc, parts in self._graph.inner.items():
            is_in = np.flatnonzero(arcs == arc)
            for part in parts.tolist() if len(is_in) else ():
                yield is_in, np.full(len(is_in), part)

    def through(self, side: int, most: int) -> Rooms:
        """By case, how many more can go through from source to sink, or fewer."""
        cases = self._rooms[UP].shape[1]
        shut = np.zeros(cases, dtype=np.int16)
        rooms = self._stacked(slice(None), (shut, shut))
        ends = np.full(cases, SOURCE), np.full(cases, SINK)
        source, sink = ends if side == UP else ends[::-1]
        found = most_flow(self._tail, self._head, rooms, source, sink, np.full(cases, most))
        return found.amount.astype(np.int16)

    def moved(self, asked: AskedCounts, side: int, whole: tuple[Rooms, Rooms], most: Numbers) -> Moves:
        """How far each count can move, at most `most`. whole: by side and case, how far everybody's count can."""
        rows = np.arange(len(asked.case))
        arcs = len(self._graph.stratum)
        is_inner = asked.stratum != self._graph.stratum[asked.arc]
        own = self._room[side][asked.stratum, asked.case]
        beside = np.where(is_inner, self._beside(asked, 1 - side), 0)
        within = np.where(is_inner, self._own[side][asked.arc, asked.case], self._rooms[side][asked.arc, asked.case])
        wanted = np.clip(np.minimum(most, own) - beside, 0, within)
        rooms = self._stacked(asked.case, tuple(one[asked.case] for one in whole))
        rooms[asked.arc, rows] = rooms[asked.arc + arcs + 1, rows] = 0
        ends = self._graph.head[asked.arc], self._graph.tail[asked.arc]
        source, sink = ends if side == UP else ends[::-1]
        flow = most_flow(self._tail, self._head, rooms, source, sink, wanted)
        is_cut = flow.amount < wanted
        forward = flow.reached[self._tail] & ~flow.reached[self._head] & is_cut
        backward = flow.reached[self._head] & ~flow.reached[self._tail] & is_cut
        forward[asked.arc, rows] = backward[asked.arc, rows] = False
        (forward, backward)[side][asked.arc[is_inner], rows[is_inner]] = True
        return Moves(np.minimum(np.minimum(most, own), beside + flow.amount), (forward, backward))

    def _with_inner(self, side: int) -> Rooms:
        """What is within an arc has to change with it."""
        found = self._own[side].copy()
        for arc, parts in self._graph.inner.items():
            found[arc] = np.minimum(found[arc], self._room[side][parts].sum(axis=0))
        return found

    def _beside(self, asked: AskedCounts, side: int) -> Numbers:
        """How much the others within the same arc can change."""
        total = np.zeros(self._own[side].shape, dtype=np.int64)
        for arc, parts in self._graph.inner.items():
            total[arc] = self._room[side][parts].sum(axis=0)
        found: Numbers = total[asked.arc, asked.case] - self._room[side][asked.stratum, asked.case]
        return found

    def _stacked(self, cases: Numbers | slice, whole: tuple[Rooms, ...]) -> Rooms:
        """By direction of arc and row; the arc after the last leads from the sink to the source."""
        return np.concatenate(
            (self._rooms[UP][:, cases], whole[UP][None], self._rooms[DOWN][:, cases], whole[DOWN][None])
        )
