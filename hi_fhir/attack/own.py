"""How many people of each count are the reader's own: only others are there to be worked out."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.bounds import Bounds
from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import Kind, Sums
from hi_fhir.attack.told import Bools, Ints

_OF_PLACES = (Kind.AREAS, Kind.THEN)
_PAIR = 2


def is_of_readers(counts: Counts, places: npt.NDArray[np.int64], readers: Collection[str]) -> Bools:
    """By place: whether the count is of a practice among the readers, by ODS code."""
    reports, names = np.divmod(places, len(counts.names))
    is_reporter = np.array([one.reporter in readers for one in counts.reports], dtype=np.bool_)
    is_stratum = np.array([one.stratum in readers for one in counts.names], dtype=np.bool_)
    found: Bools = is_reporter[reports] | is_stratum[names]
    return found


def tells_own(sums: Sums) -> Bools:
    """By sum: whether who is surely in its parts is surely in the whole too, and the other way round in a pair."""
    is_pair = (np.diff(sums.start) == _PAIR) & (sums.most == 0)
    found: Bools = (sums.least == 0) & (is_pair | np.isin(sums.kind, _OF_PLACES))
    return found


def own_people(counts: Counts, sums: Sums, bounds: Bounds, knowing: frozenset[str]) -> Ints:
    """Of each count those who are surely people of the practices that read; 0 where that does not follow."""
    places = np.arange(len(counts.low))
    is_own = is_of_readers(counts, places, knowing) if knowing else np.zeros(len(places), dtype=np.bool_)
    return own_among(is_own, bounds.low, bounds.high, sums)


def own_among(is_own: Bools, low: Ints, high: Ints, sums: Sums) -> Ints:
    """The same, of counts of which it is known whether they are such a practice's, and their ends.

    Its people are in each area that it is or was in, in areas of these, and in all that is told of it. And of others
    there are no more in a part than in the whole.
    """
    own = np.where(is_own, low, 0).astype(np.int32)
    if not is_own.any() or not sums.total:
        return own
    first = sums.start[:-1]
    same = first[(np.diff(sums.start) == _PAIR) & (sums.least == 0) & (sums.most == 0)]
    one, other = sums.members[same], sums.members[same + 1]
    of_places = sums.of(np.flatnonzero(np.isin(sums.kind, _OF_PLACES) & (sums.least == 0)))
    wholes = of_places.members[of_places.start[:-1]]
    parts, whole_of = _parts(sums.of(np.flatnonzero(sums.least >= 0)))
    while True:
        before = own.copy()
        if of_places.total:
            within = np.add.reduceat(own[of_places.members], of_places.start[:-1]) - own[wholes]
            np.maximum.at(own, wholes, within)
        np.maximum.at(own, one, before[other])
        np.maximum.at(own, other, before[one])
        others = np.maximum(high - own, 0)
        np.maximum.at(own, parts, low[parts] - others[whole_of])
        if np.array_equal(own, before):
            return own


def _parts(sums: Sums) -> tuple[Ints, Ints]:
    """Places of the parts of sums, and of the whole of each."""
    is_part = np.ones(len(sums.members), dtype=np.bool_)
    is_part[sums.start[:-1]] = False
    return sums.members[is_part], np.repeat(sums.members[sums.start[:-1]], np.diff(sums.start) - 1)
