"""Tables of whole numbers that fit what is told, found by HiGHS: the exact counts but for some that are moved."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from hi_fhir.disclosure.suppression.equations import Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.exactly.parts import Matrix

_FOUND, _IMPOSSIBLE = 0, 2
_INTEGER, _NONE_OR_WITHIN = 1, 3
FARTHEST = 60
"""No count is moved by more: what could be reached beyond that is taken for impossible."""

Reals = npt.NDArray[np.float64]


class FoundTable(NamedTuple):
    """values: of each cell, None where none were found. is_impossible: there are none, for sure."""

    values: Numbers | None
    is_impossible: bool


class FittingTables:
    """Of some cells. Equations in which none of them stands are left out; other cells keep their exact counts."""

    def __init__(self, matrix: Matrix, values: Numbers, cells: Numbers, *, only: Flags | None = None) -> None:
        """only: the equations that are made use of, where these are not all."""
        own = matrix[:, cells]
        is_used = np.diff(own.indptr) > 0
        self._rows = own[is_used if only is None else is_used & only]
        self._exact = values[cells]
        self._sums = self._rows @ self._exact

    def solved(self, limits: Limits, known: Known, weights: Reals, nodes: int) -> FoundTable:
        """Values between `limits` with the greatest weighted sum. limits, known, weights: of the cells."""
        low, high, kind = self._ends(limits, known.not_few, known.few)
        found: Any = milp(
            -weights,
            integrality=kind,
            bounds=Bounds(low, high),
            constraints=LinearConstraint(self._rows, self._sums, self._sums) if self._rows.shape[0] else (),
            options={"node_limit": nodes},
        )
        values = None if found.x is None else np.rint(found.x).astype(np.int64)
        if values is not None and not self._fits(values, limits, known):
            values = None
        return FoundTable(values, found.status == _IMPOSSIBLE)

    def cheapest(self, place: int, value: int, told: Known, loose: Limits, costs: Reals, nodes: int) -> Flags | None:
        """Which cells to suppress, at the least cost, so that one can have a value; None: that was not found.

        told: as the cells tell. loose: as is known of suppressed ones. costs: infinite where nothing is to be won.
        """
        size = len(self._exact)
        low, high, kind = self._ends(loose, np.zeros(size, dtype=np.bool_), told.few)
        own_low, own_high, own_kind = self._ends(told.own, told.not_few, told.few)
        is_open = np.isfinite(costs) & ((own_low > low) | (own_high < high) | (own_kind != kind))
        low, high = np.where(is_open, low, own_low), np.where(is_open, high, own_high)
        kind = np.where(is_open, kind, own_kind)
        low[place] = high[place] = value
        kind[place] = _INTEGER
        chosen = np.flatnonzero(is_open)
        floor = np.where(told.not_few & (self._exact > 0), np.maximum(own_low, told.few + 1), own_low)[chosen]
        ceiling = np.where(told.not_few & (self._exact == 0), 0, own_high)[chosen]
        pick = sparse.csr_matrix((np.ones(len(chosen)), (np.arange(len(chosen)), chosen)), shape=(len(chosen), size))
        below, above = (
            sparse.diags(floor - np.minimum(low[chosen], floor)),
            sparse.diags(np.maximum(high[chosen], ceiling) - ceiling),
        )
        nothing = sparse.csr_matrix((self._rows.shape[0], len(chosen)))
        matrix = sparse.bmat([[self._rows, nothing], [pick, below], [pick, -above]], format="csr")
        endless = np.full(len(chosen), np.inf)
        found: Any = milp(
            np.concatenate((np.zeros(size), costs[chosen])),
            integrality=np.concatenate((kind, np.ones(len(chosen)))),
            bounds=Bounds(np.append(low, np.zeros(len(chosen))), np.append(high, np.ones(len(chosen)))),
            constraints=LinearConstraint(
                matrix, np.concatenate((self._sums, floor, -endless)), np.concatenate((self._sums, endless, ceiling))
            ),
            options={"node_limit": nodes},
        )
        if found.x is None:
            return None
        is_chosen = np.zeros(size, dtype=np.bool_)
        is_chosen[chosen] = found.x[size:] > 0.5
        return is_chosen

    def _ends(self, limits: Limits, not_few: Flags, few: int) -> tuple[Reals, Reals, Reals]:
        """Within reach of the exact counts. One that is not few is none, or more."""
        low = np.maximum(limits.low, self._exact - FARTHEST).astype(np.float64)
        high = np.minimum(limits.high, self._exact + FARTHEST).astype(np.float64)
        is_either = not_few & (low <= 0) & (high > few)
        low[not_few & ((low > 0) | is_either)] = np.maximum(low, few + 1)[not_few & ((low > 0) | is_either)]
        high[not_few & (high <= few)] = 0
        return low, high, np.where(is_either, _NONE_OR_WITHIN, _INTEGER).astype(np.float64)

    def _fits(self, values: Numbers, limits: Limits, known: Known) -> bool:
        """Held against what is asked in whole numbers, since HiGHS reckons with real ones."""
        is_few = (values > 0) & (values <= known.few) & known.not_few
        is_out = (values < limits.low) | (values > limits.high)
        return not (is_few.any() or is_out.any() or (self._rows @ values != self._sums).any())
