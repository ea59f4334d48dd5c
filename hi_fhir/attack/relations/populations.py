"""Sums within one stratum: who of a wider population is in a narrower one, and who is in none."""

import numpy as np

from hi_fhir.attack.counts import KEPT, OTHERS, OUTSIDE, REST, SCORED, Counts
from hi_fhir.attack.relations.sums import ANYBODY, Gathering, Kind
from hi_fhir.attack.told import OCCASIONS, Ints, Name

_PLAIN = ("numerator", REST)
"""What a share is of where nobody is taken out of the numerator again."""
_WITHIN = (
    ("initial_population", ("denominator", OUTSIDE)),
    ("denominator", ("denominator_exclusion", "denominator_exception", "numerator", REST)),
    ("numerator", ("numerator_exclusion", KEPT)),
    (OTHERS, ("numerator_exclusion", REST)),
    ("denominator", ("denominator_exclusion", "denominator_exception", SCORED)),
    (SCORED, (KEPT, OTHERS)),
    (SCORED, _PLAIN),
)
"""Each population and those that it falls into: nobody is in two of them. Source: FHIR R4 measure-population."""


def add_populations(counts: Counts, into: Gathering) -> None:
    """Add the sums of populations, for every stratum of every report that has them."""
    width = len(counts.names)
    for group in dict.fromkeys(name.group for name in counts.names):
        for wide, narrow in _WITHIN:
            places = [counts.places[name] for one in narrow if (name := Name(*group, one)) in counts.places]
            whole = counts.places.get(Name(*group, wide))
            is_all = Name(*group, narrow[-1]) in counts.places  # whoever is in none of the others
            if whole is None or not is_all or (narrow == _PLAIN and Name(*group, KEPT) in counts.places):
                continue
            rows = np.flatnonzero(counts.grid[:, whole] & counts.grid[:, places[-1]])  # with the derived one
            first: Ints = (rows * width).astype(np.int32)
            parts = first[:, None] + np.array(places, dtype=np.int32)
            into.add(Kind.POPULATIONS, first + whole, parts, counts.grid[rows][:, places])
    _add_occasions(counts, into)


def _add_occasions(counts: Counts, into: Gathering) -> None:
    """Of everybody in the numerator of a ratio there is one occasion or more."""
    pairs = [
        (place, counts.places[twin])
        for name, place in counts.places.items()
        if name.population == OCCASIONS and (twin := name._replace(population="numerator")) in counts.places
    ]
    for occasions, numerator in pairs:
        rows = np.flatnonzero(counts.grid[:, occasions] & counts.grid[:, numerator]).astype(np.int32)
        first = rows * len(counts.names)
        into.add(Kind.POPULATIONS, first + occasions, (first + numerator)[:, None], extra=ANYBODY)
