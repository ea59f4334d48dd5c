"""What is told of counts and what holds among them, in whole or of a few of them by themselves."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hi_fhir.attack.relations.scores import Shares
from hi_fhir.attack.relations.sums import Sums
from hi_fhir.attack.told import Ints


class System(NamedTuple):
    """low, high: between which each count lies by itself. Sums and, after the last of them, shares have numbers."""

    low: Ints
    high: Ints
    sums: Sums
    shares: Shares


class Part(NamedTuple):
    """Some of what holds in a system. places: where its counts are in the whole."""

    system: System
    places: Ints

    def place_of(self, place: int) -> int:
        """Where a count of the whole is in the part."""
        return int(np.searchsorted(self.places, place))


def part_of(system: System, low: Ints, high: Ints, numbers: Sequence[int], also: Sequence[int] = ()) -> Part:
    """The sums and shares with these numbers, and their counts with `low` and `high` as ends. also: further counts."""
    chosen = np.array(sorted(set(numbers)), dtype=np.int64)
    of_sums, of_shares = chosen[chosen < system.sums.total], chosen[chosen >= system.sums.total] - system.sums.total
    sums, shares = system.sums.of(of_sums), system.shares.of(of_shares)
    places = np.unique(np.concatenate((sums.members, shares.numerator, shares.others, np.array(also, dtype=np.int32))))
    moved = sums._replace(members=np.searchsorted(places, sums.members).astype(np.int32))
    own = shares._replace(
        numerator=np.searchsorted(places, shares.numerator).astype(np.int32),
        others=np.searchsorted(places, shares.others).astype(np.int32),
    )
    return Part(System(low[places], high[places], moved, own), places)
