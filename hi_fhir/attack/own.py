"""How many people of each count are the reader's own: only others are there to be worked out."""

import numpy as np

from hi_fhir.attack.bounds import Bounds
from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import Kind, Sums
from hi_fhir.attack.told import Ints


def own_people(counts: Counts, sums: Sums, bounds: Bounds, knowing: frozenset[str]) -> Ints:
    """Of each count of an area the people of the practices in it that read; 0 elsewhere."""
    own = np.zeros(len(counts.low), dtype=np.int32)
    if not knowing:
        return own
    reports, names = np.divmod(sums.members, len(counts.names))
    is_reader = np.array([one.reporter in knowing for one in counts.reports], dtype=np.bool_)
    is_stratum = np.array([one.stratum in knowing for one in counts.names], dtype=np.bool_)
    size = np.diff(sums.start)
    whole = np.repeat(sums.members[sums.start[:-1]], size)
    is_part = (sums.members != whole) & np.repeat(sums.kind == Kind.AREAS, size)
    known = is_part & (is_reader[reports] | is_stratum[names])
    np.maximum.at(own, whole[known], bounds.low[sums.members[known]])
    return own
