"""Which counts to suppress where all sums together leave too few values: the cheapest that holds each tight count."""

import numpy as np

from hi_fhir.disclosure.suppression.choosing import NEVER, loosening
from hi_fhir.disclosure.suppression.equations import UNBOUNDED, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.flat_equations import FlatEquations
from hi_fhir.disclosure.suppression.together.ranges import Holds


def released_from(equations: FlatEquations, known: Known, bounds: Limits, holds: Holds, cost: Numbers) -> Numbers:
    """The counts to suppress. known, bounds: as cells tell, and as follows one equation after the other. cost, and what
    is found: flat.

    Of the counts that hold a tight one, the cheapest whose own cell does; where none does, what pins them down.
    """
    own, bounds = known.own.flat, bounds.flat
    by = holds.by_place * known.own.low.shape[1] + holds.layer
    by_cell = np.where(
        holds.by_high,
        (bounds.high[by] == own.high[by]) & (own.high[by] < UNBOUNDED),
        (bounds.low[by] == own.low[by]) & (own.low[by] > 0),
    )
    costs = np.where(by_cell, cost[by], NEVER)
    order = np.lexsort((holds.by_place, costs, holds.layer, holds.place))
    name = np.stack((holds.place, holds.layer))[:, order]
    is_first = np.append(True, (name[:, 1:] != name[:, :-1]).any(axis=0))[: len(order)]
    chosen = order[is_first]
    is_cheap = chosen[costs[chosen] < NEVER]
    if len(is_cheap):
        return np.unique(by[is_cheap])
    return loosening(equations, known.flat, bounds, np.unique(by), cost, all_that_pin=False)
