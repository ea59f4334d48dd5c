"""The attack: what was told, held against every sum that must hold, and the masked counts that it gives away."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from hi_fhir.attack.bounds import Bounds, propagate
from hi_fhir.attack.chains import Chains, link
from hi_fhir.attack.counts import NOT_AT_HAND, Counts, counts_of
from hi_fhir.attack.exact.checking import check
from hi_fhir.attack.findings import EXAMPLES, Findings, Recovered, RecoveredExample, chosen_examples, recovered_counts
from hi_fhir.attack.own import is_of_readers, own_people
from hi_fhir.attack.relations.areas import add_areas
from hi_fhir.attack.relations.areas_of_then import add_areas_of_then
from hi_fhir.attack.relations.populations import add_populations
from hi_fhir.attack.relations.ratios import divided
from hi_fhir.attack.relations.run import add_registered, add_run_sums
from hi_fhir.attack.relations.same import add_change, add_periods, add_run, add_same_people
from hi_fhir.attack.relations.scores import shares_of
from hi_fhir.attack.relations.strata import add_strata
from hi_fhir.attack.relations.sums import Gathering, Kind
from hi_fhir.attack.relations.versions import add_versions
from hi_fhir.attack.systems import System
from hi_fhir.attack.told import UNBOUNDED, Bools, Ints, Name, State, Told
from hi_fhir.core.progress import Progress, Silent

_NONE = np.zeros(0, dtype=np.int64)


class Bounded(NamedTuple):
    """Every count and between what it must lie."""

    counts: Counts
    system: System
    bounds: Bounds

    def place(self, report: int, name: tuple[str, str, str]) -> int:
        """Where a count is. report: its place; name: stratifier, stratum and population."""
        return report * len(self.counts.names) + self.counts.places[Name(*name)]

    def of(self, report: int, name: tuple[str, str, str]) -> tuple[int, int]:
        """Between what the count of a report must lie."""
        place = self.place(report, name)
        return int(self.bounds.low[place]), int(self.bounds.high[place])


def bounded(
    told: Told,
    progress: Progress,
    *,
    change: int | None = None,
    without: frozenset[Kind] = frozenset(),
    exact: Mapping[str, pa.Table] = NOT_AT_HAND,
    knows_changes: bool = True,
) -> Bounded:
    """Bound every count of what was told.

    exact, knows_changes: as of `counts_of`.
    change: people by whom a count is supposed to have changed between two days, at most; None: nothing is supposed.
    without: kinds of sums that are not made use of.
    """
    counts = counts_of(told, exact, knows_changes=knows_changes)
    gathering = Gathering(without)
    for add in (add_strata, add_populations, add_areas, add_areas_of_then, add_versions, add_run, add_run_sums):
        add(counts, gathering)
    add_same_people(counts, told.same, gathering)
    add_periods(counts, told.same, gathering)
    add_registered(counts, told.same, gathering)
    if change is not None:
        add_change(counts, change, gathering)
    sums = gathering.sums()
    progress.start("attack", None, "rounds")
    shares, ratios = shares_of(told, counts), divided(told, counts)
    if Kind.SCORE in without:
        shares, ratios = shares.of(_NONE), ratios.of(_NONE)
    system = System(counts.low, counts.high, sums, shares, ratios)
    bounds = propagate(system, progress)
    progress.finish(f"{sums.total:,} sums over {len(told.reports):,} reports, {len(bounds.steps)} rounds")
    return Bounded(counts, system, bounds)


def without_told(system: System, is_new: Bools) -> System:
    """What is left where counts tell nothing by themselves. is_new: by place."""
    shares = system.shares.of(np.flatnonzero(~is_new[system.shares.numerator]))
    divided = system.divided.of(np.flatnonzero(~is_new[system.divided.numerator]))
    low, high = np.where(is_new, 0, system.low), np.where(is_new, UNBOUNDED, system.high)
    return System(low.astype(np.int32), high.astype(np.int32), system.sums, shares, divided)


def _given(found: Bounded, knowing: frozenset[str]) -> Ints:
    """How many values totals alone leave that are meant to be known, with what those know of their own who attack."""
    places = np.arange(len(found.counts.low))
    is_taken = found.counts.is_given | is_of_readers(found.counts, places, knowing)
    bounds = propagate(without_told(found.system, ~is_taken), Silent())
    given: Ints = bounds.high - bounds.low + 1
    return given


def attack(
    told: Told,
    progress: Progress,
    *,
    change: int | None = None,
    limit_s: float = 0,
    without: frozenset[Kind] = frozenset(),
    exact: Mapping[str, pa.Table] = NOT_AT_HAND,
) -> Findings:
    """What masked counts are given away by what was told.

    limit_s: seconds for the check beyond single sums. change, without, exact: as of `bounded`. Of editions whose true
    counts are at hand it is known which counts were not corrected, and not by how much the others were.
    """
    found = bounded(told, progress, change=change, without=without, exact=exact, knows_changes=False)
    alone = found.bounds.high - found.bounds.low + 1
    checked = check(found.system, found.bounds, found.counts.is_guarded, limit_s, progress)
    together = found.bounds
    if (checked.low != together.low).any() or (checked.high != together.high).any():
        together = propagate(found.system._replace(low=checked.low, high=checked.high), Silent())
    possible = np.minimum(checked.possible, together.high - together.low + 1)
    own = own_people(found.counts, found.system.sums, together, told.knowing) if told.knowing else None
    recovered = recovered_counts(found.counts, found.system, together, possible, alone, own)
    in_all = len(recovered)
    if found.counts.is_given.any():
        given = _given(found, told.knowing)
        recovered = tuple(one for one in recovered if possible[one.place] < given[one.place])
    return Findings(
        reports=len(told.reports),
        cells=int((told.state <= State.WITHHELD).sum()),
        masked=int(found.counts.is_guarded_cell.sum()),
        undefined=tuple(
            sorted(
                {
                    f"{one.measure}|{one.measure_version}"
                    for one in told.reports
                    if (one.measure, one.measure_version) not in told.same.who
                }
            )
        ),
        sums=found.system.sums.total,
        contradicted=int(found.bounds.contradicted.sum()),
        decided=checked.decided,
        nearby=checked.nearby,
        unseen=checked.unseen,
        recovered=recovered,
        by_policy=in_all - len(recovered),
        examples=recovered_examples(found, recovered),
    )


def recovered_examples(
    found: Bounded, recovered: Sequence[Recovered], most: int = EXAMPLES
) -> tuple[RecoveredExample, ...]:
    """A few of what was recovered, `most` at most, each with what gave it away."""
    chains = Chains(found.system, found.bounds)
    return tuple(_example(found, chains, one) for one in chosen_examples(recovered, chains.depth)[:most])


def _example(found: Bounded, chains: Chains, one: Recovered) -> RecoveredExample:
    numbers = chains.of(one.place)
    links = tuple(link(found.counts, found.system, number) for number in numbers)
    return RecoveredExample(one, links, *chains.ends(one.place, numbers))
