"""Sums within one stratum: who of a wider population is in a narrower one, and who is in none."""

import numpy as np

from hi_fhir.attack.counts import KEPT, OTHERS, OUTSIDE, REST, Counts
from hi_fhir.attack.relations.sums import Gathering, Kind
from hi_fhir.attack.told import Ints, Name

_WITHIN = (
    ("initial_population", ("denominator", OUTSIDE)),
    ("denominator", ("denominator_exclusion", "denominator_exception", "numerator", REST)),
    ("numerator", ("numerator_exclusion", KEPT)),
    (OTHERS, ("numerator_exclusion", REST)),
)
"""Each population and those that it falls into: nobody is in two of them. Source: FHIR R4 measure-population."""


def add_populations(counts: Counts, into: Gathering) -> None:
    """Add the sums of populations, for every stratum of every report that has them."""
    width = len(counts.names)
    for group in dict.fromkeys(name.group for name in counts.names):
        for wide, narrow in _WITHIN:
            places = [counts.places[name] for one in narrow if (name := Name(*group, one)) in counts.places]
            whole = counts.places.get(Name(*group, wide))
            if whole is None or not places:
                continue
            rows = np.flatnonzero(counts.grid[:, whole] & counts.grid[:, places[-1]])  # with the derived one
            first: Ints = (rows * width).astype(np.int32)
            parts = first[:, None] + np.array(places, dtype=np.int32)
            into.add(Kind.POPULATIONS, first + whole, parts, counts.grid[rows][:, places])
