"""The attack: what was told, held against every sum that must hold, and the masked counts that it gives away."""

from typing import NamedTuple

from hi_fhir.attack.bounds import Bounds, propagate
from hi_fhir.attack.counts import Counts, counts_of
from hi_fhir.attack.findings import Findings, findings_of
from hi_fhir.attack.relations.areas import add_areas
from hi_fhir.attack.relations.populations import add_populations
from hi_fhir.attack.relations.strata import add_strata
from hi_fhir.attack.relations.sums import Gathering, Kind, Sums
from hi_fhir.attack.told import Name, Told
from hi_fhir.core.progress import Progress


class Bounded(NamedTuple):
    """Every count and between what it must lie."""

    counts: Counts
    sums: Sums
    bounds: Bounds

    def of(self, report: int, name: tuple[str, str, str]) -> tuple[int, int]:
        """Between what a count must lie. report: its place; name: stratifier, stratum and population."""
        place = report * len(self.counts.names) + self.counts.places[Name(*name)]
        return int(self.bounds.low[place]), int(self.bounds.high[place])


def bounded(told: Told, progress: Progress, *, without: frozenset[Kind] = frozenset()) -> Bounded:
    """Bound every count of what was told. without: kinds of sums that are not made use of."""
    counts = counts_of(told)
    gathering = Gathering(without)
    for add in (add_strata, add_populations, add_areas):
        add(counts, gathering)
    sums = gathering.sums()
    progress.start("attack", None, "rounds")
    bounds = propagate(counts, sums, progress)
    progress.finish(f"{len(sums):,} sums over {len(told.reports):,} reports, {len(bounds.steps)} rounds")
    return Bounded(counts, sums, bounds)


def attack(told: Told, progress: Progress, *, without: frozenset[Kind] = frozenset()) -> Findings:
    """What masked counts are given away by what was told. without: kinds of sums that are not made use of."""
    found = bounded(told, progress, without=without)
    return findings_of(found.counts, len(told.report), found.bounds)
