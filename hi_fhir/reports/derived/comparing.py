"""Groups of a report compared with others of it: absolute and relative gaps."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hi_fhir.reports.derived.plan import Compared, StatisticsPlan
from hi_fhir.reports.derived.rows import NOTHING, Statistic
from hi_fhir.reports.derived.shares import ReleasedShares
from hi_fhir.reports.derived.telling import Found, by_kind, spelt, untold, why_absent
from hi_fhir.statistics.comparisons import difference_interval, ratio_interval
from hi_fhir.statistics.counts import Bools, ConfidenceInterval
from hi_fhir.statistics.when_given import NONE_COUNTED


class _Pair(NamedTuple):
    """place, other: of the two groups among the shares."""

    report: int
    compared: Compared
    place: int
    other: int


def compared(plans: Sequence[StatisticsPlan], shares: ReleasedShares) -> Found:
    """Difference and ratio of every pair of groups that are compared. plans: of each report."""
    pairs: list[_Pair] = []
    for report, plan in enumerate(plans):
        places = shares.places[report]
        for pair in plan.pairs:
            if pair.one in places and pair.other in places:
                pairs.append(_Pair(report, pair, places[pair.one], places[pair.other]))
            else:
                reason = why_absent(shares, report, (pair.one, pair.other))
                yield from untold(report, (pair.difference, pair.ratio), reason)
    if pairs:
        yield from _told(pairs, shares)


def _told(pairs: Sequence[_Pair], shares: ReleasedShares) -> Found:
    places = np.array([pair.place for pair in pairs])
    one, other = shares.values.at(places), shares.values.at(np.array([pair.other for pair in pairs]))
    is_part, is_rate = np.array([pair.compared.is_part for pair in pairs]), shares.is_rate[places]

    def interval(at: Bools, kind: bool) -> ConfidenceInterval:
        return difference_interval(one.at(at), other.at(at), is_part[at], is_rate=kind)

    def quotient_interval(at: Bools, kind: bool) -> ConfidenceInterval:
        return ratio_interval(one.at(at), other.at(at), is_part[at], is_rate=kind)

    differences, ratios = by_kind(is_rate, interval), by_kind(is_rate, quotient_interval)
    counted = (one.numerator.given > 0) & (other.numerator.given > 0)
    has_ratio = counted & np.isfinite(ratios.lower) & np.isfinite(ratios.upper)
    rounded = one.is_rounded | other.is_rounded
    quotients = one.given / np.where(other.given > 0, other.given, 1)
    rows = zip(pairs, spelt(one.given - other.given, differences), spelt(quotients, ratios), strict=True)
    for (pair, gap, ratio), is_given, is_rounded in zip(rows, has_ratio.tolist(), rounded.tolist(), strict=True):
        yield pair.report, Statistic(pair.compared.difference, gap, is_rounded, None)
        if is_given:
            yield pair.report, Statistic(pair.compared.ratio, ratio, is_rounded, None)
        else:
            yield pair.report, Statistic(pair.compared.ratio, NOTHING, is_rounded, NONE_COUNTED)
