"""The attack: what was told, held against every sum that must hold, and the masked counts that it gives away."""

from typing import NamedTuple

from hi_fhir.attack.bounds import Bounds, propagate
from hi_fhir.attack.counts import Counts, counts_of
from hi_fhir.attack.findings import Findings, findings_of
from hi_fhir.attack.relations.areas import add_areas
from hi_fhir.attack.relations.populations import add_populations
from hi_fhir.attack.relations.same import add_change, add_run, add_same_people, add_versions
from hi_fhir.attack.relations.scores import NO_SHARES, shares_of
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


def bounded(
    told: Told, progress: Progress, *, change: int | None = None, without: frozenset[Kind] = frozenset()
) -> Bounded:
    """Bound every count of what was told.

    change: people by whom a count is supposed to have changed between two days, at most; None: nothing is supposed.
    without: kinds of sums that are not made use of.
    """
    counts = counts_of(told)
    gathering = Gathering(without)
    for add in (add_strata, add_populations, add_areas, add_versions, add_run):
        add(counts, gathering)
    add_same_people(counts, told.same, gathering)
    if change is not None:
        add_change(counts, change, gathering)
    sums = gathering.sums()
    progress.start("attack", None, "rounds")
    shares = NO_SHARES if Kind.SCORE in without else shares_of(told, counts)
    bounds = propagate(counts, sums, shares, progress)
    progress.finish(f"{len(sums):,} sums over {len(told.reports):,} reports, {len(bounds.steps)} rounds")
    return Bounded(counts, sums, bounds)


def attack(
    told: Told, progress: Progress, *, change: int | None = None, without: frozenset[Kind] = frozenset()
) -> Findings:
    """What masked counts are given away by what was told. change, without: as of `bounded`."""
    found = bounded(told, progress, change=change, without=without)
    return findings_of(found.counts, len(told.report), found.bounds)
