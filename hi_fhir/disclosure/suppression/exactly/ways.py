"""Ways of a person through the strata of a reporter: in one of each breakdown, and in all that these lie in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hi_fhir.disclosure.suppression.equations import Flags, Numbers
from hi_fhir.disclosure.suppression.together.graphs import SINK, SOURCE, Graph, Layout


@dataclass(frozen=True)
class Ways:
    """strata: how many. A way goes from source to sink of every graph, and through one of what is within an arc.

    order: of each graph, its arcs so that none comes before one that leads to it.
    """

    layout: Layout
    strata: int
    order: Sequence[list[int]]

    @classmethod
    def of(cls, layout: Layout, strata: int) -> "Ways | None":
        """None where a stratum is in several graphs or in none, so that a way through one says not all."""
        there = [
            one for graph in layout.graphs for own in (graph.stratum, *graph.inner.values()) for one in own.tolist()
        ]
        whole = [] if layout.whole is None else [layout.whole]
        if sorted(there + whole) != list(range(strata)) or not whole:
            return None
        return cls(layout, strata, [_order(graph) for graph in layout.graphs])

    def through(self, has_room: Flags, back: Numbers) -> Flags:
        """Which strata one person more can go through. Shape of both: (stratum, case). back: each case's opposite.

        By a way that has room everywhere; or by one that has it in one breakdown, if another one leaves that by another
        way, for which there is room as well: then all else stays as it is.
        """
        whole = self.layout.whole
        is_way, found, instead = has_room[whole].copy(), has_room.copy(), np.zeros_like(has_room)
        for graph, order in zip(self.layout.graphs, self.order, strict=True):
            ways, own, total = _counted(graph, order, has_room)
            found[own] = ways > 0
            instead[own] |= found[own] & ((total - ways)[:, back] > 0)
            is_way &= total > 0
            for parts in graph.inner.values():
                others = has_room[parts].sum(axis=0) - has_room[parts]
                instead[parts] |= has_room[parts] & (others[:, back] > 0)
        return (found & is_way) | instead

    def keep(self, whole: int, parts: frozenset[int]) -> bool:
        """Whether a way goes through just one of the parts where it goes through the whole, and else through none."""
        return self._taken_apart(whole, parts, frozenset()) == parts

    def _taken_apart(self, one: int, parts: frozenset[int], above: frozenset[int]) -> frozenset[int] | None:
        """Those of the parts of which one is in each way through a stratum. above: what it is a part of."""
        if one in parts:
            return frozenset({one})
        for finer in self._finer.get(one, ()):
            found = [self._taken_apart(each, parts, above | {one}) for each in sorted(finer - above)]
            whole = frozenset[int]().union(*(each for each in found if each is not None))
            if finer.isdisjoint(above) and None not in found and sum(len(each or ()) for each in found) == len(whole):
                return whole
        return None

    @cached_property
    def _finer(self) -> dict[int, list[frozenset[int]]]:
        """By stratum, several that a way goes through just one of where it goes through that."""
        found: dict[int, list[frozenset[int]]] = {}
        for graph in self.layout.graphs:
            arcs, inner = graph.stratum.tolist(), graph.inner
            leaving, coming = _by_node(graph.tail.tolist(), arcs), _by_node(graph.head.tolist(), arcs)
            if self.layout.whole is not None:
                found.setdefault(self.layout.whole, []).extend((leaving[SOURCE], coming[SINK]))
            for arc, (one, tail, head) in enumerate(zip(arcs, graph.tail.tolist(), graph.head.tolist(), strict=True)):
                own = found.setdefault(one, [])
                own += [frozenset(inner[arc].tolist())] if arc in inner else []
                own += [leaving[head]] if coming.get(head) == frozenset({one}) and head in leaving else []
                own += [coming[tail]] if leaving.get(tail) == frozenset({one}) and tail in coming else []
        return found


def _counted(graph: Graph, order: list[int], has_room: Flags) -> tuple[Numbers, Numbers, Numbers]:
    """How many ways with room go through each stratum of a graph, by stratum and case; which these are; all ways."""
    room = has_room[graph.stratum].astype(np.int64)
    within = room.copy()
    for arc, parts in graph.inner.items():
        within[arc] *= has_room[parts].sum(axis=0)
    from_source = np.zeros((graph.nodes, has_room.shape[1]), dtype=np.int64)
    to_sink = np.zeros_like(from_source)
    from_source[SOURCE] = to_sink[SINK] = 1
    tail, head = graph.tail.tolist(), graph.head.tolist()
    for arc in order:
        from_source[head[arc]] += from_source[tail[arc]] * within[arc]
    for arc in reversed(order):
        to_sink[tail[arc]] += to_sink[head[arc]] * within[arc]
    beside = from_source[graph.tail] * to_sink[graph.head]
    ways = [beside * within, *(beside[arc] * room[arc] * has_room[parts] for arc, parts in graph.inner.items())]
    return np.concatenate(ways), np.concatenate((graph.stratum, *graph.inner.values())), from_source[SINK]


def _by_node(nodes: list[int], arcs: list[int]) -> dict[int, frozenset[int]]:
    return {node: frozenset(arc for arc, its in zip(arcs, nodes, strict=True) if its == node) for node in nodes}


def _order(graph: Graph) -> list[int]:
    """Arcs so that none comes before one that leads to it."""
    tail, head = graph.tail.tolist(), graph.head.tolist()
    found, left = list[int](), list(range(len(tail)))
    while left:
        waiting = {head[arc] for arc in left}
        ready = [arc for arc in left if tail[arc] not in waiting]
        found += ready
        left = [arc for arc in left if tail[arc] in waiting]
        if not ready:
            return []
    return found
