"""Sums among the counts of people of a whole run, which each of its reports repeats."""

import numpy as np

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import Gathering, Kind
from hi_fhir.attack.told import Name

_PEOPLE = "run-people"
_SUMS = (
    ("persons", ("registered", "not-registered-by-reason")),
    ("registered", ("deprivation",)),
    ("registered", ("ethnicity",)),
    ("registered", ("nhs-number",)),
    ("no-registration", ("not-registered-by-reason.no-registration",)),
)
"""Each count of people and those that it falls into: by kind, where they are told by kind."""


def add_run_sums(counts: Counts, into: Gathering) -> None:
    """Add the sums of counts of people of a run, for every report that gives them."""
    people = {name: place for name, place in counts.places.items() if name.stratifier == _PEOPLE}
    for whole, of in _SUMS:
        parts = [place for name, place in people.items() if _is_of(name, of)]
        place = next((place for name, place in people.items() if name.population == whole), None)
        if place is not None and parts:
            rows = np.flatnonzero(counts.grid[:, place])
            first = (rows * len(counts.names)).astype(np.int32)
            members = first[:, None] + np.array(parts, dtype=np.int32)
            into.add(Kind.RUN, first + place, members, counts.grid[rows][:, parts])


def _is_of(name: Name, of: tuple[str, ...]) -> bool:
    return name.population in of or name.population.partition(".")[0] in of
