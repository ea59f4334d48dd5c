"""How many values all sums of a reporter's strata leave to its counts of one population, and what holds them."""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from hi_fhir.disclosure.suppression.equations import AnyNumbers, Flags, Limits, Numbers
from hi_fhir.disclosure.suppression.network import Network
from hi_fhir.disclosure.suppression.together.cases import DOWN, UP, AskedCounts, Cases
from hi_fhir.disclosure.suppression.together.flows import Rooms
from hi_fhir.disclosure.suppression.together.graphs import Layout, layouts

_ROWS_AT_ONCE = 16_384

Kind = TypeVar("Kind", bound=np.generic)


class Holds(NamedTuple):
    """A row a tight count and one that holds it: places and layers, and whether by its greatest value or its least."""

    place: Numbers
    layer: Numbers
    by_place: Numbers
    by_high: Flags

    @classmethod
    def together(cls, several: list["Holds"]) -> "Holds":
        nothing = np.zeros(0, dtype=np.int64)
        first = cls(nothing, nothing, nothing, np.zeros(0, dtype=np.bool_))
        return cls(*(np.concatenate(columns) for columns in zip(first, *several, strict=True)))

    def tight(self, shape: tuple[int, ...]) -> Flags:
        """The tight counts by place and layer."""
        found = np.zeros(shape, dtype=np.bool_)
        found[self.place, self.layer] = True
        return found


class Ranges:
    """Of one network. Its exact counts fit what is told: from there each count is moved as far as others make room."""

    def __init__(self, network: Network) -> None:
        self._values = network.values
        self._layouts = list(layouts(network.places, network.sums))

    def holds(self, bounds: Limits, asked: Flags, fewest: AnyNumbers) -> Holds:
        """The counts asked about that have less than `fewest` values left, with what holds them.

        bounds: between what each count must lie by all equations one after the other. fewest: by place and layer.
        """
        most = max(int(fewest.max(initial=1)) - 1, 0)
        above, below = bounds.high - self._values, self._values - bounds.low
        rooms = np.minimum(above, most).astype(np.int16), np.minimum(below, most).astype(np.int16)
        found = [_Reporters(layout, rooms, most).holds(asked, fewest) for layout in self._layouts]
        return Holds.together([one for several in found for one in several])

    def left(self, bounds: Limits, asked: Flags, fewest: AnyNumbers) -> AnyNumbers:
        """`fewest`, or what a count that is asked about has left where that is less. bounds, fewest: as of `holds`."""
        left = fewest.copy()
        for fewer in range(int(fewest.max(initial=1)) - 1, 0, -1):
            wanted = np.minimum(left, fewer + 1)
            left[self.holds(bounds, asked & (left > fewer), wanted).tight(left.shape)] = fewer
        return left


class _Reporters:
    """Those of one layout. A case is one of their layers: layer `case % layers` of reporter `case // layers`."""

    def __init__(self, layout: Layout, rooms: tuple[Rooms, Rooms], most: int) -> None:
        self._layout = layout
        self._layers = rooms[UP].shape[1]
        up, down = self._by_case(rooms[UP]), self._by_case(rooms[DOWN])
        self._fits: Flags = np.logical_and(up.min(axis=0) >= 0, down.min(axis=0) >= 0)
        self._graphs = [Cases(graph, (up, down)) for graph in layout.graphs]
        through = [(one.through(UP, most), one.through(DOWN, most)) for one in self._graphs]
        free = np.full(up.shape[1], most, dtype=np.int16)
        own = (free, free) if layout.whole is None else (up[layout.whole], down[layout.whole])
        self._whole_of = [
            (self._least(own, through, UP, but=number), self._least(own, through, DOWN, but=number))
            for number in range(len(self._graphs))
        ]

    def holds(self, asked: Flags, fewest: AnyNumbers) -> Iterator[Holds]:
        """Of counts that do not add up nothing is found out."""
        is_asked, wanted = np.logical_and(self._by_case(asked), self._fits), self._by_case(fewest) - 1
        for graph, whole in zip(self._graphs, self._whole_of, strict=True):
            strata, arcs = graph.targets()
            row, case = np.nonzero(is_asked[strata])
            for first in range(0, len(row), _ROWS_AT_ONCE):
                part = slice(first, first + _ROWS_AT_ONCE)
                chunk = AskedCounts(strata[row[part]], arcs[row[part]], case[part])
                yield self._of(graph, chunk, whole, wanted[chunk.stratum, chunk.case])

    def _of(self, graph: Cases, asked: AskedCounts, whole: tuple[Rooms, Rooms], wanted: Numbers) -> Holds:
        """Those of a chunk that are tight."""
        up = graph.moved(asked, UP, whole, wanted)
        down = graph.moved(asked, DOWN, whole, wanted)
        rows = np.flatnonzero(up.amount + down.amount < wanted)
        found = [self._named(asked, rows, asked.stratum[rows], by_high=by_high) for by_high in (True, False)]
        for by_high, side in ((True, 0), (False, 1)):
            for moves in (up, down):
                arc, which = np.nonzero(moves.at_end[side][:, rows])
                for own, parts in graph.strata_of(arc, self._layout.whole):
                    found.append(self._named(asked, rows[which[own]], parts, by_high=by_high))
        return Holds.together(found)

    def _named(self, asked: AskedCounts, rows: Numbers, by: Numbers, *, by_high: bool) -> Holds:
        reporter, layer = np.divmod(asked.case[rows], self._layers)
        places = self._layout.places
        return Holds(places[reporter, asked.stratum[rows]], layer, places[reporter, by], np.full(len(rows), by_high))

    def _by_case(self, values: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
        """By stratum and case."""
        own = values[self._layout.places]
        return own.transpose(1, 0, 2).reshape(own.shape[1], -1)

    @staticmethod
    def _least(own: tuple[Rooms, Rooms], through: list[tuple[Rooms, Rooms]], side: int, *, but: int) -> Rooms:
        """By case, how far everybody's count can move, for all graphs but one."""
        others = [one[side] for number, one in enumerate(through) if number != but]
        found: Rooms = np.minimum.reduce([own[side], *others])
        return found
