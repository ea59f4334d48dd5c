"""How much can flow from one node of a graph to another: for many rows at once, each with its own room by arc."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.disclosure.suppression.equations import Flags, Numbers

Rooms = npt.NDArray[np.int16]
"""By direction of arc and row: how much more can go there. The first half are all arcs forwards, then all backwards."""


class Flow(NamedTuple):
    """amount: by row. reached: by node and row, where more could still have gone to from the source."""

    amount: Numbers
    reached: Flags


def most_flow(tail: Numbers, head: Numbers, rooms: Rooms, source: Numbers, sink: Numbers, most: Numbers) -> Flow:
    """The greatest flow from each row's source to its sink, at most `most`; what goes is taken from `rooms`.

    Paths are added one person at a time: as few are asked for, and more than a few paths are never needed.
    """
    graph = _Both(np.concatenate((tail, head)), np.concatenate((head, tail)))
    rows = np.arange(len(source))
    amount = np.zeros(len(source), dtype=np.int64)
    reached = np.zeros((int(max(graph.tail.max(), graph.head.max())) + 1, len(source)), dtype=np.bool_)
    rows = rows[most > 0]
    while len(rows):
        own = rooms[:, rows]
        found, by = graph.search(own, source[rows], sink[rows])
        reached[:, rows] = found
        is_found = found[sink[rows], np.arange(len(rows))]
        rows = rows[is_found]
        graph.push(rooms, rows, by[:, is_found], source, sink)
        amount[rows] += 1
        rows = rows[amount[rows] < most[rows]]
    return Flow(amount, reached)


class _Both(NamedTuple):
    """Arcs in both directions: from which node to which."""

    tail: Numbers
    head: Numbers

    def search(self, rooms: Rooms, source: Numbers, sink: Numbers) -> tuple[Flags, npt.NDArray[np.int16]]:
        """By node and row: whether it can be reached, and by which arc."""
        shape = int(self.head.max()) + 1, len(source)
        every = np.arange(len(source))
        has_room = rooms > 0
        reached = np.zeros(shape, dtype=np.bool_)
        reached[source, every] = True
        by = np.full(shape, -1, dtype=np.int16)
        is_changed = True
        while is_changed and not reached[sink, every].all():
            is_changed = False
            for arc, (tail, head) in enumerate(zip(self.tail.tolist(), self.head.tolist(), strict=True)):
                more = reached[tail] & has_room[arc] & ~reached[head]
                if more.any():
                    reached[head] |= more
                    by[head, more] = arc
                    is_changed = True
        return reached, by

    def push(self, rooms: Rooms, rows: Numbers, by: npt.NDArray[np.int16], source: Numbers, sink: Numbers) -> None:
        """Let one person go along the arcs by which each row's sink was reached."""
        half = len(self.tail) // 2
        node, own = sink[rows], np.arange(len(rows))
        while len(own):
            arc = by[node, own].astype(np.int64)
            rooms[arc, rows[own]] -= 1
            rooms[(arc + half) % (2 * half), rows[own]] += 1
            node = self.tail[arc]
            is_left = node != source[rows[own]]
            node, own = node[is_left], own[is_left]
