"""How many people of each count are the reader's own: only others are there to be worked out."""

import numpy as np

from hi_fhir.attack.bounds import Bounds
from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import Kind, Sums
from hi_fhir.attack.told import Ints

_OF_PLACES = (Kind.AREAS, Kind.THEN)
_PAIR = 2


def own_people(counts: Counts, sums: Sums, bounds: Bounds, knowing: frozenset[str]) -> Ints:
    """Of each count those who are surely people of the practices that read; 0 where that does not follow.

    They are in each area that a practice of theirs is or was in, in areas of these, and in all that is told of it.
    """
    own = np.zeros(len(counts.low), dtype=np.int32)
    if not knowing or not sums.total:
        return own
    reports, names = np.divmod(np.arange(len(own)), len(counts.names))
    is_reader = np.array([one.reporter in knowing for one in counts.reports], dtype=np.bool_)
    is_stratum = np.array([one.stratum in knowing for one in counts.names], dtype=np.bool_)
    theirs = is_reader[reports] | is_stratum[names]
    own[theirs] = bounds.low[theirs]
    size, first = np.diff(sums.start), sums.start[:-1]
    same = first[(size == _PAIR) & (sums.least == 0) & (sums.most == 0)]
    one, other = sums.members[same], sums.members[same + 1]
    of_places = sums.of(np.flatnonzero(np.isin(sums.kind, _OF_PLACES) & (sums.least == 0)))
    wholes = of_places.members[of_places.start[:-1]]
    while True:
        before = own.copy()
        if of_places.total:
            within = np.add.reduceat(own[of_places.members], of_places.start[:-1]) - own[wholes]
            np.maximum.at(own, wholes, within)
        np.maximum.at(own, one, before[other])
        np.maximum.at(own, other, before[one])
        if np.array_equal(own, before):
            return own
