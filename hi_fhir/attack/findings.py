"""What was recovered of what is masked, by how much is left of it and where it stands."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from hi_fhir.attack.bounds import Bounds
from hi_fhir.attack.counts import Counts
from hi_fhir.attack.told import Name, Report

FEWEST = 3
"""A masked count that has fewer possible values than this is recovered."""


@dataclass(frozen=True)
class Recovered:
    """A masked count and between what it must lie, both included."""

    report: Report
    name: Name
    low: int
    high: int
    place: int

    @property
    def possible(self) -> int:
        """How many values it can have."""
        return self.high - self.low + 1


@dataclass(frozen=True)
class Findings:
    """cells, masked: counted over all reports. contradicted: sums that the numbers do not keep, and so told nothing."""

    reports: int
    cells: int
    masked: int
    sums: int
    contradicted: int
    recovered: tuple[Recovered, ...]

    def by_stratifier(self) -> Counter[str]:
        return Counter(one.name.stratifier for one in self.recovered)

    def by_possible(self) -> Counter[int]:
        return Counter(one.possible for one in self.recovered)


def findings_of(counts: Counts, cells: int, bounds: Bounds) -> Findings:
    """cells: how many were told."""
    left = bounds.high - bounds.low + 1
    places = np.flatnonzero(counts.is_masked & (left < FEWEST)).tolist()
    found = (
        Recovered(*counts.named(place), int(bounds.low[place]), int(bounds.high[place]), place) for place in places
    )
    return Findings(
        reports=len(counts.reports),
        cells=cells,
        masked=int(counts.is_masked.sum()),
        sums=len(bounds.contradicted),
        contradicted=int(bounds.contradicted.sum()),
        recovered=tuple(sorted(found, key=lambda one: (one.possible, one.name, one.report.source))),
    )
