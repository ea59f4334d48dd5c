"""Which counts to suppress where small ones are pinned down: the cheapest that loosen what pins them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hi_fhir.disclosure.suppression.equations import UNBOUNDED, Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.flat_equations import AskedEquations, FlatEquations
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import Network, Place
from hi_fhir.measures.stratifiers import ALL, CORE20, IMD_QUINTILE, PCN, PRACTICE

NEVER = np.iinfo(np.int64).max
"""What it costs to suppress a count that cannot be suppressed."""

_WORTH = {ALL: 1000, PCN: 200, PRACTICE: 200, CORE20.id: 200, IMD_QUINTILE.id: 200}
_WORTH_OF_OTHERS, _WORTH_OF_CROSSINGS = 80, 40
"""What a count is worth by its use: totals are dearest, crossings cheapest. Our own choice, of no source."""
_MASKED_TENTH, _ZERO_HALF = 10, 2
"""A masked count tells little that its suppression would take away, a zero somewhat more."""


def worths(network: Network, is_small: Flags) -> Numbers:
    """What it costs to suppress each count: all different, and for the same count the same next month."""
    worth = np.array([_worth(place) for place in network.places])[:, None]
    scaled = np.select([is_small, network.values == 0], [worth // _MASKED_TENTH, worth // _ZERO_HALF], worth)
    ties = _ties(network.places)[:, None] ^ _ties([layer.populations[0] for layer in network.layers])
    return scaled.astype(np.int64) * (1 << 32) + ties


class Costs:
    """What it costs to suppress each count, flat.

    Who is not reached has no cell: what a score or its absence tells of them goes with one of the score's parts, the
    cheapest. Nothing is won by suppressing what is known from the past.
    """

    def __init__(self, network: Network, knowledge: Knowledge, worth: Numbers, allowed: Flags) -> None:
        """allowed: what may be suppressed."""
        cost = np.where(allowed, worth, NEVER)
        self._part: dict[int, Numbers] = {}
        self._layers = len(network.layers)
        places, of_scores = np.arange(len(cost)), {}
        for number, layer in enumerate(network.layers):
            if layer.is_scored:
                own = np.array(layer.score_parts)
                self._part[number] = places * self._layers + own[cost[:, own].argmin(axis=1)]
                known = knowledge.past.is_score_told[:, number]
                of_scores[number] = np.where(known, NEVER, cost.reshape(-1)[self._part[number]])
        cost[knowledge.is_known] = NEVER
        for number, of_score in of_scores.items():
            cost[:, number] = of_score
        self.flat: Numbers = cost.reshape(-1)

    def with_cells(self, cells: Numbers) -> Numbers:
        """Flat `cells`, with the parts of the scores that are to be taken away for those that have none."""
        places, layers = np.divmod(cells, self._layers)
        parts = [part[places[layers == number]] for number, part in self._part.items()]
        return np.concatenate((cells, *parts))


@dataclass(frozen=True)
class Pinned:
    """Flat flags of counts of which the least or the greatest possible value is to be less, or greater."""

    low: Flags
    high: Flags

    @property
    def cells(self) -> Numbers:
        return np.flatnonzero(self.low | self.high)

    def copy(self) -> "Pinned":
        return Pinned(self.low.copy(), self.high.copy())


def loosening(
    equations: FlatEquations, known: Known, bounds: Limits, tight: Numbers, cost: Numbers, *, all_that_pin: bool
) -> Numbers:
    """Counts to suppress: of each equation that pins a tight count, the cheapest whose own cell helps to pin it.

    All is flat. known: as cells and scores tell. bounds: as follows from these. all_that_pin: not the cheapest alone.
    Where an equation pins by what others say of its members, those are asked in turn. Where none does, its own cell
    pins a tight count, together with what is known from the past. None: nothing is left.
    """
    pinned = Pinned(*(np.zeros(len(cost), dtype=np.bool_) for _ in range(2)))
    pinned.low[tight], pinned.high[tight] = bounds.low[tight] > 0, True
    while True:
        wider = pinned.copy()
        cells = pinned.cells
        by_score = _by_score(known, bounds, pinned, cells, cost)
        by_sums = _pinning(equations.asked(cells), known, bounds, pinned, wider, cost, all_that_pin=all_that_pin)
        chosen = np.unique(np.concatenate((by_score, by_sums)))
        if len(chosen):
            return chosen
        if np.array_equal(wider.low, pinned.low) and np.array_equal(wider.high, pinned.high):
            return tight[cost[tight] < NEVER]
        pinned = wider


def _pinning(
    asked: AskedEquations,
    known: Known,
    bounds: Limits,
    pinned: Pinned,
    wider: Pinned,
    cost: Numbers,
    *,
    all_that_pin: bool,
) -> Numbers:
    """What of the members of equations pins those that are pinned by them; these are flagged in `wider`.

    What is not few and more than 0 is so because of whatever tells that it is more than 0, where the score that tells
    the first cannot be hidden any more; so it is with what is 0.
    """
    own, members, whole, part = known.own, asked.cells, asked.whole, asked.part
    said, number = asked.said(bounds), len(asked.whole)
    least, most, its_least, its_most = bounds.low[members], bounds.high[members], own.low[members], own.high[members]
    not_few = known.not_few[members] & (cost[members] == NEVER)
    is_many, is_none = not_few & (least == known.few + 1), not_few & (most == 0)
    own_low = ((least == its_least) | is_many) & (its_least > 0)
    own_high = ((most == its_most) & (its_most < UNBOUNDED)) | (is_none & (its_most <= known.few))
    low = pinned.low[members] & ~own_low & ((said.low == least) | (is_many & (said.low > 0)))
    high = pinned.high[members] & ~own_high & ((said.high == most) | (is_none & (said.high <= known.few)))
    # A part is at most what the whole is at most, less what the other parts are at least; and so on.
    above, below = asked.any_part(high[number:]), asked.any_part(low[number:])
    lows, highs = asked.for_parts(above | low[:number]), asked.for_parts(below | high[:number])
    helps = np.concatenate(
        (
            (above & own_high[:number]) | (below & own_low[:number]),
            (lows & own_low[number:]) | (highs & own_high[number:]),
        )
    )
    costs = np.where(helps, cost[members], NEVER)
    if not all_that_pin:
        cheapest = np.minimum(asked.least_part(costs[number:]), costs[:number])
        costs[costs > np.concatenate((cheapest, asked.for_parts(cheapest)))] = NEVER
    wider.low[part[lows]] = True
    wider.high[part[highs]] = True
    wider.high[whole[above]] = True
    wider.low[whole[below]] = True
    return members[costs < NEVER]


def _by_score(known: Known, bounds: Limits, pinned: Pinned, cells: Numbers, cost: Numbers) -> Numbers:
    """Counts that are pinned since a score tells that they are not few."""
    cells = cells[known.not_few[cells] & (cost[cells] < NEVER)]
    low = pinned.low[cells] & (bounds.low[cells] == known.few + 1) & (known.own.low[cells] < bounds.low[cells])
    high = pinned.high[cells] & (bounds.high[cells] == 0) & (known.own.high[cells] > 0)
    found: Numbers = cells[low | high]
    return found


def _ties(names: Iterable[object]) -> Numbers:
    digests = (hashlib.blake2b(repr(name).encode(), digest_size=4).digest() for name in names)
    return np.array([int.from_bytes(digest) for digest in digests], dtype=np.int64)


def _worth(place: Place) -> int:
    stratifier = place[1]
    return _WORTH_OF_CROSSINGS if "*" in stratifier else _WORTH.get(stratifier, _WORTH_OF_OTHERS)
