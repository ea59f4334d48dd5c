"""How scores changed since the period before: of each stratum, or why that is not told."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.policies import Rule
from hi_fhir.reports.cells import Strata
from hi_fhir.reports.derived.breaks import KeptBasis, break_between
from hi_fhir.reports.derived.rows import CHANGE, About, Statistic
from hi_fhir.reports.derived.shares import ReleasedShares, released_shares
from hi_fhir.reports.derived.telling import Found, by_kind, spelt, untold, why_absent
from hi_fhir.statistics.comparisons import NEWCOMBE, NEWCOMBE_OVERLAPPING, difference_interval
from hi_fhir.statistics.counts import Bools, ConfidenceInterval


class TwoPeriods(NamedTuple):
    """A report and that of the period before. period: of that, as it is named. is_overlapping: whether it
    shares days with the report's."""

    period: str
    is_overlapping: bool
    then: KeptBasis
    now: KeptBasis
    strata_then: Strata
    strata_now: Strata


class _Two(NamedTuple):
    pair: int
    about: About
    then: int
    now: int


def changes(pairs: Sequence[TwoPeriods], rule: Rule) -> Found:
    """For each pair, by its place, the change of each stratum that has a score now. rule: of rounding, in both."""
    shares = released_shares([strata for pair in pairs for strata in (pair.strata_then, pair.strata_now)], rule)
    both: list[_Two] = []
    for place, pair in enumerate(pairs):
        then, now = shares.places[2 * place], shares.places[2 * place + 1]
        for name in now:
            about = About(CHANGE, *name, pair.period, NEWCOMBE_OVERLAPPING if pair.is_overlapping else NEWCOMBE)
            reason = break_between(pair.then, pair.now, name[0])
            if reason is None and name not in then:
                reason = why_absent(shares, 2 * place, [name])
            if reason:
                yield from untold(place, [about], reason)
            else:
                both.append(_Two(place, about, then[name], now[name]))
    if both:
        yield from _told(both, shares)


def _told(both: Sequence[_Two], shares: ReleasedShares) -> Found:
    places = np.array([one.now for one in both])
    now, then = shares.values.at(places), shares.values.at(np.array([one.then for one in both]))
    apart = np.zeros(len(both), dtype=np.bool_)

    def interval(at: Bools, kind: bool) -> ConfidenceInterval:
        return difference_interval(now.at(at), then.at(at), apart[at], is_rate=kind)

    found = spelt(now.given - then.given, by_kind(shares.is_rate[places], interval))
    rounded = (now.is_rounded | then.is_rounded).tolist()
    for one, numbers, is_rounded in zip(both, found, rounded, strict=True):
        yield one.pair, Statistic(one.about, numbers, is_rounded, None)
