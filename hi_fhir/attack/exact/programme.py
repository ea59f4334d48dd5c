"""What holds among a few counts as an integer programme, solved by HiGHS."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds as Ends
from scipy.optimize import LinearConstraint, milp

from hi_fhir.attack.relations.ratios import Divided
from hi_fhir.attack.relations.scores import Shares
from hi_fhir.attack.systems import System
from hi_fhir.attack.told import UNBOUNDED, Ints, State

_NEARLY = 1e-6
_INFEASIBLE = 2

Reals = npt.NDArray[np.float64]


class Solved(NamedTuple):
    """values: of each count, None where none were found in time. bound: no values come below it.

    is_impossible: it is proven that there are none.
    """

    values: Ints | None
    bound: float
    is_impossible: bool


class _Row(NamedTuple):
    """least <= sum of factor * column <= most."""

    factors: dict[int, float]
    least: float
    most: float


class Programme:
    """The counts of a system as whole numbers: values that fit everything that is told."""

    def __init__(self, system: System, nodes: int | None = None) -> None:
        """nodes: of the tree that is searched for values, after which that ends, in place of seconds."""
        self.nodes = nodes
        self._counts = len(system.low)
        rows, self._chosen = _of_shares(system.shares, system.high, self._counts)
        rows += _of_divided(system.divided)
        low = np.concatenate((system.low, np.zeros(self._chosen)))
        high = np.concatenate((_open(system.high), np.ones(self._chosen)))
        self.ends = Ends(low, high)
        self._constraints = LinearConstraint(*_matrix(system, rows, len(low)))

    def least(self, weights: Reals, ends: Ends, limit_s: float) -> Solved:
        """Values of which the weighted sum is the least. weights: by count."""
        found: Any = milp(
            np.concatenate((weights, np.zeros(self._chosen))),
            integrality=np.ones(self._counts + self._chosen),
            bounds=ends,
            constraints=self._constraints,
            options={"time_limit": max(limit_s, 0.01)} if self.nodes is None else {"node_limit": self.nodes},
        )
        values = None if found.x is None else np.rint(found.x[: self._counts]).astype(np.int32)
        bound = -np.inf if found.mip_dual_bound is None else float(found.mip_dual_bound)
        return Solved(values, bound, found.status == _INFEASIBLE)

    def end(self, place: int, sign: int, limit_s: float) -> tuple[int | None, Ints | None]:
        """The least value of a count (sign 1) or the highest (-1), None where that is not proven; and values of it."""
        weights = np.zeros(self._counts)
        weights[place] = sign
        found = self.least(weights, self.ends, limit_s)
        if not np.isfinite(found.bound):
            return None, found.values
        return sign * int(np.ceil(found.bound - _NEARLY)), found.values

    def between(self, place: int, low: int, high: int, limit_s: float) -> Solved:
        """Any values with that of a count from `low` to `high`."""
        least, most = self.ends.lb.copy(), self.ends.ub.copy()
        least[place], most[place] = low, high
        return self.least(np.zeros(self._counts), Ends(least, most), limit_s)


def _open(high: Ints) -> Reals:
    return np.where(high >= UNBOUNDED, np.inf, high).astype(np.float64)


def _matrix(system: System, rows: list[_Row], width: int) -> tuple[Any, Reals, Reals]:
    """Sums as rows: the whole less its parts is what it has beside them."""
    sums = system.sums
    number = np.repeat(np.arange(sums.total), np.diff(sums.start))
    factor = np.full(len(sums.members), -1.0)
    factor[sums.start[:-1]] = 1.0
    more = [(sums.total + row, column, value) for row, one in enumerate(rows) for column, value in one.factors.items()]
    row, column, value = np.array(more).reshape(-1, 3).T
    matrix = sparse.csr_matrix(
        (
            np.concatenate((factor, value)),
            (np.concatenate((number, row.astype(np.int64))), np.concatenate((sums.members, column.astype(np.int64)))),
        ),
        shape=(sums.total + len(rows), width),
    )
    least = np.concatenate((sums.least, [one.least for one in rows]))
    most = np.concatenate((_open(sums.most), [one.most for one in rows]))
    return matrix, least, most


def _of_shares(shares: Shares, high: Ints, first: int) -> tuple[list[_Row], int]:
    """Rows that say what shares tell, and how many further columns of 0 or 1 they need. first: number of the first."""
    rows: list[_Row] = []
    column = first
    for numerator, others, few, state in zip(*(part.tolist() for part in shares), strict=True):
        ends = int(high[numerator]), int(high[others])
        if max(ends) >= UNBOUNDED:
            continue
        if state == State.SCORE_GIVEN:
            for place, most in zip((numerator, others), ends, strict=True):
                rows += [_Row({place: 1, column: -few - 1}, 0, np.inf), _Row({place: 1, column: -most}, -np.inf, 0)]
                column += 1
        elif state == State.SCORE_SMALL:
            rows += [
                _Row({numerator: 1, column: -1}, 0, np.inf),
                _Row({numerator: 1, column: max(ends[0] - few, 0)}, -np.inf, max(ends[0], few)),
                _Row({others: 1, column: 1}, 1, np.inf),
                _Row({others: 1, column: -max(ends[1] - few, 0)}, -np.inf, few),
            ]
            column += 1
    return rows, column - first


def _of_divided(divided: Divided) -> list[_Row]:
    """Rows that say between what a share is: the numerator is no less and no more of both than its ends."""
    return [
        row
        for numerator, whole, low, high in zip(*(part.tolist() for part in divided), strict=True)
        for row in (
            _Row({numerator: 1, whole: -low}, 0, np.inf),
            _Row({numerator: 1, whole: -high}, -np.inf, 0),
        )
    ]
