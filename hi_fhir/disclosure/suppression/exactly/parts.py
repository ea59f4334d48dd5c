"""Which counts are looked at together: all that hang together where they are few, else some of those nearby."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from hi_fhir.disclosure.suppression.equations import Equations, Flags, Numbers
from hi_fhir.disclosure.suppression.network import Network

MOST_TOGETHER = 1_500
"""Of more counts not all that hang together are looked at."""
_SISTERS = 2

Matrix = Any
"""scipy has no types: rows are equations, columns counts; a whole has 1 and its parts -1."""


class Vicinity(NamedTuple):
    """cells: flat, in order; the others stay as they are. is_whole: whether no equation goes beyond them."""

    cells: Numbers
    is_whole: bool


def incidence(network: Network) -> Matrix:
    """All equations of a network."""
    places, layers = network.values.shape
    rows, columns, number = [], [], 0
    for equations, row, column, times in (
        (network.system.among, layers, 1, layers),
        (network.system.within, 1, layers, places),
    ):
        for members, which in (
            (equations.whole, np.arange(len(equations.whole))),
            (equations.part, equations.equation),
        ):
            columns.append((members[:, None] * row + np.arange(times) * column).reshape(-1))
            rows.append((which[:, None] * times + np.arange(times) + number).reshape(-1))
        number += len(equations.whole) * times
    signs = np.concatenate([np.full(len(own), 1 - 2 * (place % 2)) for place, own in enumerate(columns)])
    where = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_matrix((signs.astype(np.float64), where), shape=(number, places * layers))


class Parts:
    """Of one network."""

    def __init__(self, network: Network, matrix: Matrix) -> None:
        self._matrix = matrix
        self._layers = network.values.shape[1]
        self._within = network.system.within
        names = sorted({place[0] for place in network.places})
        number = {name: position for position, name in enumerate(names)}
        self._reporter = np.array([number[place[0]] for place in network.places], dtype=np.int64)
        self._areas = _areas(network.sums, self._reporter, len(names))

    def by_component(self, is_open: Flags, cells: Numbers) -> Iterator[tuple[Vicinity | None, Numbers]]:
        """Cells that hang together by counts that are open, and all these where they are few, the fewest first."""
        links = self._matrix[:, np.flatnonzero(is_open)]
        used = links[np.diff(links.indptr) > 0]
        rows = used.shape[0]
        graph = sparse.bmat([[None, used], [used.T, None]]) if rows else sparse.csr_matrix((is_open.sum(),) * 2)
        component = np.full(len(is_open), -1, dtype=np.int64)
        component[is_open] = connected_components(graph, directed=False)[1][rows:]
        own = component[cells]
        sizes = np.bincount(component[is_open], minlength=1)
        for name in sorted(set(own[own >= 0].tolist()), key=lambda one: (sizes[one], one)):
            part = Vicinity(np.flatnonzero(component == name), is_whole=True) if sizes[name] <= MOST_TOGETHER else None
            yield part, cells[own == name]

    def nearby(self, cell: int, is_open: Flags) -> Iterator[Vicinity]:
        """Counts near a cell: those of a practice and the areas it is in, and then of a sister as well."""
        place, layer = divmod(cell, self._layers)
        own = int(self._reporter[place])
        practices = self._practices(own)[: _SISTERS + 1] or [own]
        for practice in practices:
            areas = np.flatnonzero(self._areas[practice])
            yield self._of([practice, *areas], layer, is_open)
            sisters = [one for one in self._sisters(practice) if one != practice][:_SISTERS]
            for sister in sisters if practice == practices[0] else ():
                yield self._of([practice, sister, *areas], layer, is_open)

    def around(self, cell: int, is_open: Flags) -> Vicinity:
        """All of the smallest area that a cell's reporter is in or is, of the cell's population alone."""
        place, layer = divmod(cell, self._layers)
        own = int(self._reporter[place])
        areas = np.flatnonzero(self._areas[own])
        size = self._areas.sum(axis=0)
        area = own if not len(areas) else int(areas[np.argmin(size[areas])])
        reporters = [area, *self._practices(area)]
        places = np.flatnonzero(np.isin(self._reporter, reporters))
        cells = places * self._layers + layer
        return Vicinity(cells[is_open[cells]], is_whole=False)

    def _practices(self, area: int) -> list[int]:
        """Reporters of an area that are no areas themselves."""
        found: list[int] = np.flatnonzero(self._areas[:, area] & ~self._areas.any(axis=0)).tolist()
        return found

    def _sisters(self, practice: int) -> list[int]:
        """Other reporters of the same smallest area."""
        areas = np.flatnonzero(self._areas[practice])
        return self._practices(int(areas[np.argmin(self._areas.sum(axis=0)[areas])])) if len(areas) else []

    def _of(self, reporters: list[int], layer: int, is_open: Flags) -> Vicinity:
        """The populations that are in one equation with a layer."""
        within = self._within
        chosen = within.with_members(np.arange(self._layers) == layer)
        layers = np.unique(np.concatenate((chosen.whole, chosen.part, [layer])))
        places = np.flatnonzero(np.isin(self._reporter, reporters))
        cells = (places[:, None] * self._layers + layers).reshape(-1)
        return Vicinity(cells[is_open[cells]], is_whole=False)


def _areas(sums: Equations, reporter: Numbers, reporters: int) -> Flags:
    """By reporter, the others that it adds up to, directly or through others."""
    found: Flags = np.zeros((reporters, reporters), dtype=np.bool_)
    whole, part = reporter[sums.whole[sums.equation]], reporter[sums.part]
    found[part[whole != part], whole[whole != part]] = True
    for _ in range(reporters):
        further: Flags = found | (found.astype(np.int64) @ found.astype(np.int64) > 0)
        if np.array_equal(further, found):
            break
        found = further
    return found
