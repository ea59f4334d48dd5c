"""The strata of a reporter as graphs: each stratum an arc along which its people go from one sum to another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hi_fhir.disclosure.counts import Stratum
from hi_fhir.disclosure.suppression.equations import Equations, Numbers
from hi_fhir.disclosure.suppression.network import Place
from hi_fhir.measures.stratifiers import ALL

SOURCE, SINK = 0, 1
"""The nodes from which all people of a graph come and to which they go."""

Node = Stratum | int
Wider = Mapping[Stratum, frozenset[Stratum]]
"""Strata of a reporter to those of the same reporter that they are parts of."""


@dataclass(frozen=True)
class Graph:
    """stratum, tail, head: of each arc, its stratum by position and the nodes that it goes between.

    inner: arcs to further strata, by position, that add up to the arc's own and are in no other sum of the graph.
    """

    stratum: Numbers
    tail: Numbers
    head: Numbers
    inner: Mapping[int, Numbers]

    @property
    def nodes(self) -> int:
        return int(max(self.tail.max(), self.head.max())) + 1


@dataclass(frozen=True)
class Layout:
    """Reporters that have the same strata. places: shape (reporter, stratum); whole: position of everybody's."""

    places: Numbers
    graphs: Sequence[Graph]
    whole: int | None


def layouts(places: Sequence[Place], among: Equations) -> Iterator[Layout]:
    """All places of a network, by the strata of their reporters.

    A sum that fits into no graph is left out: without it more seems possible, never less.
    """
    own: dict[str, dict[Stratum, int]] = {}
    for number, (reporter, stratifier, stratum) in enumerate(places):
        own.setdefault(reporter, {})[stratifier, stratum] = number
    wider = _wider(places, among)
    alike: dict[tuple[Stratum, ...], list[str]] = {}
    for reporter, strata in own.items():
        alike.setdefault(tuple(sorted(strata)), []).append(reporter)
    for known, reporters in alike.items():
        at = np.array([[own[reporter][one] for one in known] for reporter in reporters], dtype=np.int64)
        position = {one: number for number, one in enumerate(known)}
        found = _Strata({one: wider.get((reporters[0], *one), frozenset()) for one in known})
        graphs = [_graph(arcs, position, found) for arcs in found.graphs()]
        yield Layout(at, graphs, position[ALL, ALL] if found.has_whole else None)


def _wider(places: Sequence[Place], among: Equations) -> dict[Place, frozenset[Stratum]]:
    found: dict[Place, set[Stratum]] = {}
    for whole, part in zip(among.whole[among.equation].tolist(), among.part.tolist(), strict=True):
        reporter, stratifier, stratum = places[whole]
        if places[part][0] == reporter:
            found.setdefault(places[part], set()).add((stratifier, stratum))
    return {one: frozenset(wide) for one, wide in found.items()}


class _Arc(dict[Stratum, tuple[Node, Node]]):
    """Strata and the nodes that they go between."""


class _Strata:
    """Which strata lie in which, and the graphs that follow."""

    def __init__(self, wider: Wider) -> None:
        self._wider = wider
        self._of: dict[str, list[Stratum]] = {}
        for one in wider:
            if one[0] != ALL:
                self._of.setdefault(one[0], []).append(one)
        self._coarser = {one: self._next(one) for one in self._of if "*" not in one}

    @property
    def has_whole(self) -> bool:
        """Whether all strata of each stratifier add up to the same people."""
        own = [one for strata in self._of.values() for one in strata]
        return bool(own) and all((ALL, ALL) in self._wider[one] for one in own)

    def graphs(self) -> Iterator[_Arc]:
        """One for each crossing of two stratifiers with all that these lie in, one for each other finest stratifier."""
        done: set[str] = set()
        for crossing in self._of:
            margins = crossing.split("*")
            if len(margins) == 2 and all(self._lie_in(crossing, one) for one in margins):
                done.update(*map(self._up, margins))
                yield self._crossed(crossing, *margins)
        for one, coarser in self._coarser.items():
            if one not in done and coarser not in done and one not in self._coarser.values():
                yield self._tree(one, is_crossed=False)

    def inner(self, arcs: _Arc) -> Iterator[tuple[Stratum, list[Stratum]]]:
        """Each stratum of a graph and the parts of it that are not in the graph, of one stratifier that is finer."""
        there = {stratifier for stratifier, _ in arcs}
        for finer, coarser in self._coarser.items():
            if coarser in there and finer not in there and any("*" in one for one in there):
                for whole in self._of[coarser]:
                    yield whole, [part for part in self._of[finer] if whole in self._wider[part]]

    def _next(self, stratifier: str) -> str | None:
        """The stratifier, if any, in whose strata its own lie, and whose strata lie in those of all others of these."""
        found = [one for one in self._of if one != stratifier and self._lie_in(stratifier, one)]
        return next((one for one in found if all(self._lie_in(one, other) for other in found if other != one)), None)

    def _lie_in(self, finer: str, coarser: str) -> bool:
        """Whether each stratum lies in one of `coarser` and each of those has some in it."""
        own = [one for part in self._of[finer] for one in self._wider[part] if one[0] == coarser]
        return len(own) == len(self._of[finer]) and set(own) == set(self._of.get(coarser, ()))

    def _up(self, stratifier: str) -> list[str]:
        coarser = self._coarser[stratifier]
        return [stratifier, *(self._up(coarser) if coarser else [])]

    def _tree(self, finest: str, *, is_crossed: bool) -> _Arc:
        """From the source to the finest strata or, where these are not crossed, to the sink."""
        found = _Arc()
        for stratifier in self._up(finest):
            is_last = stratifier == finest and not is_crossed
            for one in self._of[stratifier]:
                found[one] = self._in(one, self._coarser[stratifier]), SINK if is_last else one
        return found

    def _in(self, stratum: Stratum, stratifier: str | None) -> Node:
        return next((one for one in self._wider[stratum] if one[0] == stratifier), SOURCE)

    def _crossed(self, crossing: str, one: str, other: str) -> _Arc:
        """From the source through the strata of one, each crossing and the strata of the other to the sink."""
        found = self._tree(one, is_crossed=True)
        for stratum, (tail, head) in self._tree(other, is_crossed=True).items():
            found[stratum] = head, SINK if tail == SOURCE else tail
        for stratum in self._of[crossing]:
            found[stratum] = self._in(stratum, one), self._in(stratum, other)
        return found


def _graph(arcs: _Arc, position: Mapping[Stratum, int], strata: _Strata) -> Graph:
    nodes: dict[Node, int] = {SOURCE: SOURCE, SINK: SINK}
    ends = [[nodes.setdefault(node, len(nodes)) for node in pair] for pair in arcs.values()]
    tail, head = np.array(ends, dtype=np.int64).T
    number = {one: place for place, one in enumerate(arcs)}
    inner = {number[one]: np.array([position[part] for part in parts]) for one, parts in strata.inner(arcs) if parts}
    return Graph(np.array([position[one] for one in arcs], dtype=np.int64), tail, head, inner)
