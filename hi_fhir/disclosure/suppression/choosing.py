"""Which counts to suppress where small ones are pinned down: the cheapest that loosen what pins them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.suppression.equations import UNBOUNDED, Equations, EquationSystem, Flags, Known, Limits, Numbers
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


def loosening(system: EquationSystem, known: Known, bounds: Limits, tight: Flags, cost: Numbers) -> Flags:
    """The counts to suppress: of each equation that pins a tight count, the cheapest whose own cell helps to pin it.

    known: as cells and scores tell. bounds: as follows from these. Where an equation pins by what others say of its
    members, those are asked in turn. None: nothing is left to suppress.
    """
    pinned = _Pinned(tight & (bounds.low > 0), tight)
    while True:
        among = _asked(system.among, known.own, bounds, pinned, cost)
        within = _asked(system.within, known.own.turned, bounds.turned, pinned.turned, cost.T)
        found = among.found | within.found.T | _by_score(known, bounds, pinned, cost)
        wider = pinned.and_also(among.wider).and_also(within.wider.turned)
        if found.any() or wider.equals(pinned):
            return found
        pinned = wider


@dataclass(frozen=True)
class _Pinned:
    """Counts of which the least or the greatest possible value is to be less, or greater."""

    low: Flags
    high: Flags

    @property
    def turned(self) -> "_Pinned":
        return _Pinned(self.low.T, self.high.T)

    def and_also(self, other: "_Pinned") -> "_Pinned":
        return _Pinned(self.low | other.low, self.high | other.high)

    def equals(self, other: "_Pinned") -> bool:
        return np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high)


class _Answer(NamedTuple):
    """found: counts to suppress. wider: counts that are to be loosened first."""

    found: Flags
    wider: _Pinned


def _asked(equations: Equations, own: Limits, bounds: Limits, pinned: _Pinned, cost: Numbers) -> _Answer:
    """What of the members of equations pins those that are pinned by them, by column."""
    found = np.zeros(cost.shape, dtype=np.bool_)
    wider = _Pinned(found.copy(), found.copy())
    is_asked: Flags = np.any(pinned.low | pinned.high, axis=1)
    asked = equations.with_members(is_asked)
    if not len(asked.whole):
        return _Answer(found, wider)
    whole, part, equation = asked.whole, asked.part, asked.equation
    implied = asked.implied(bounds)
    own_low, own_high = (bounds.low == own.low) & (own.low > 0), (bounds.high == own.high) & (own.high < UNBOUNDED)
    low, high = pinned.low & ~own_low, pinned.high & ~own_high
    # A part is at most what the whole is at most, less what the other parts are at least; and so on.
    above = asked.runs.reduced(np.logical_or, (implied.part.high == bounds.high[part]) & high[part])
    below = asked.runs.reduced(np.logical_or, (implied.part.low == bounds.low[part]) & low[part])
    lows = above | ((implied.whole.low == bounds.low[whole]) & low[whole])
    highs = below | ((implied.whole.high == bounds.high[whole]) & high[whole])
    part_costs = np.where((lows[equation] & own_low[part]) | (highs[equation] & own_high[part]), cost[part], NEVER)
    whole_costs = np.where((above & own_high[whole]) | (below & own_low[whole]), cost[whole], NEVER)
    cheapest = np.minimum(asked.runs.reduced(np.minimum, part_costs), whole_costs)
    _flag(found, part, (part_costs == cheapest[equation]) & (part_costs < NEVER))
    _flag(found, whole, (whole_costs == cheapest) & (whole_costs < NEVER))
    _flag(wider.low, part, lows[equation])
    _flag(wider.high, part, highs[equation])
    _flag(wider.high, whole, above)
    _flag(wider.low, whole, below)
    return _Answer(found, wider)


def _by_score(known: Known, bounds: Limits, pinned: _Pinned, cost: Numbers) -> Flags:
    """Counts that are pinned since a score tells that they are not few."""
    low = pinned.low & (bounds.low == known.few + 1) & (known.own.low < bounds.low)
    high = pinned.high & (bounds.high == 0) & (known.own.high > 0)
    found: Flags = known.not_few & (low | high) & (cost < NEVER)
    return found


def _flag(flags: Flags, rows: Numbers, more: Flags) -> None:
    """Flag each row where its line of `more` does."""
    line, column = np.nonzero(more)
    flags[rows[line], column] = True


def _ties(names: Iterable[object]) -> Numbers:
    digests = (hashlib.blake2b(repr(name).encode(), digest_size=4).digest() for name in names)
    return np.array([int.from_bytes(digest) for digest in digests], dtype=np.int64)


def _worth(place: Place) -> int:
    stratifier = place[1]
    return _WORTH_OF_CROSSINGS if "*" in stratifier else _WORTH.get(stratifier, _WORTH_OF_OTHERS)
