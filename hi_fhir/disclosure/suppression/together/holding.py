"""Which counts to suppress where all sums together leave too few values: the cheapest that holds each tight count."""

import numpy as np

from hi_fhir.disclosure.suppression.choosing import NEVER, loosening
from hi_fhir.disclosure.suppression.equations import UNBOUNDED, EquationSystem, Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.together.ranges import Holds


def released_from(system: EquationSystem, known: Known, bounds: Limits, holds: Holds, cost: Numbers) -> Flags:
    """The counts to suppress. known, bounds: as cells tell, and as follows one equation after the other.

    Of the counts that hold a tight one, the cheapest whose own cell does; where none does, what pins them down.
    """
    by = holds.by_place, holds.layer
    by_cell = np.where(
        holds.by_high,
        (bounds.high[by] == known.own.high[by]) & (known.own.high[by] < UNBOUNDED),
        (bounds.low[by] == known.own.low[by]) & (known.own.low[by] > 0),
    )
    costs = np.where(by_cell, cost[by], NEVER)
    order = np.lexsort((holds.by_place, costs, holds.layer, holds.place))
    name = np.stack((holds.place, holds.layer))[:, order]
    is_first = np.append(True, (name[:, 1:] != name[:, :-1]).any(axis=0))[: len(order)]
    chosen = order[is_first]
    found = np.zeros(cost.shape, dtype=np.bool_)
    is_cheap = chosen[costs[chosen] < NEVER]
    found[holds.by_place[is_cheap], holds.layer[is_cheap]] = True
    if found.any():
        return found
    found[by] = True
    return loosening(system, known, bounds, found, cost)
