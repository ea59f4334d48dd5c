"""How a report's scores rise or fall with deprivation: slope and relative index of inequality."""

from collections.abc import Mapping, Sequence

import numpy as np

from hi_fhir.reports.derived.plan import StatisticsPlan
from hi_fhir.reports.derived.rows import NOTHING, RELATIVE_INDEX, SLOPE_INDEX, About, Statistic
from hi_fhir.reports.derived.shares import ReleasedShares
from hi_fhir.reports.derived.telling import Found, by_kind, spelt, untold, why_absent
from hi_fhir.statistics.counts import Bools, ConfidenceInterval, Fractions, GivenCounts
from hi_fhir.statistics.inequality import SLOPE, RankedValues, inequality, standard_error
from hi_fhir.statistics.intervals import fraction_interval
from hi_fhir.statistics.when_given import UNSTEADY


def sloped(plans: Sequence[StatisticsPlan], shares: ReleasedShares) -> Found:
    """Slope and relative index of every stratifier with ranks. plans: of each report."""
    there: dict[str, dict[int, list[int]]] = {}
    for report, plan in enumerate(plans):
        own = shares.places[report]
        for stratifier, ranks in plan.ranks.items():
            if all(rank in own for rank in ranks):
                there.setdefault(stratifier, {})[report] = [own[rank] for rank in ranks]
            else:
                yield from untold(report, _slopes(stratifier), why_absent(shares, report, ranks))
    for stratifier, places in there.items():
        yield from _told(stratifier, places, shares)


def _told(stratifier: str, places: Mapping[int, Sequence[int]], shares: ReleasedShares) -> Found:
    """places: by report, of the groups from the most deprived to the least."""
    rows = np.array([*places.values()])
    values, is_rate = shares.values.at(rows), shares.is_rate[rows]
    exact = Fractions(*(GivenCounts.exact(counts.given) for counts in values))

    def interval(at: Bools, kind: bool) -> ConfidenceInterval:
        return fraction_interval(*exact.at(at), is_rate=kind)

    error = standard_error(by_kind(is_rate, interval))
    most = np.where(is_rate, values.most(), np.minimum(values.most(), 1))
    found = inequality(RankedValues(values.given, error, values.least(), most, values.denominator.given))
    slopes, relatives = spelt(found.slope, found.slope_interval), spelt(found.relative, found.relative_interval)
    rounded: list[bool] = np.any(values.is_rounded, axis=1).tolist()
    steady: list[bool] = np.isfinite(found.relative_interval.lower + found.relative_interval.upper).tolist()
    slope, relative = _slopes(stratifier)
    for place, report in enumerate(places):
        yield report, Statistic(slope, slopes[place], rounded[place], None)
        if steady[place]:
            yield report, Statistic(relative, relatives[place], rounded[place], None)
        else:
            yield report, Statistic(relative, NOTHING, rounded[place], UNSTEADY)


def _slopes(stratifier: str) -> tuple[About, About]:
    slope = About(SLOPE_INDEX, stratifier, None, None, SLOPE)
    return slope, slope._replace(kind=RELATIVE_INDEX)
