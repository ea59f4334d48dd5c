"""Where each practice of a report would lie by chance, were all alike: funnel limits around the whole's score."""

from collections.abc import Sequence

import numpy as np

from hi_fhir.measures.stratifiers import ALL, PRACTICE
from hi_fhir.reports.cells import Strata
from hi_fhir.reports.derived.rows import FUNNEL_95, FUNNEL_998, About, Statistic
from hi_fhir.reports.derived.shares import ReleasedShares
from hi_fhir.reports.derived.telling import Found, spelt, untold, why_absent
from hi_fhir.statistics.funnel import FUNNEL, LIMITS, funnel_limits


def in_funnels(reports: Sequence[Strata], shares: ReleasedShares) -> Found:
    """The limits for each practice of a report that has several and a score."""
    for report, strata in enumerate(reports):
        own, given = shares.places[report], []
        for practice in sorted(strata.get(PRACTICE, ())) if _has_score(report, shares) else ():
            if (PRACTICE, practice) in own and (ALL, ALL) in own:
                given.append(practice)
            else:
                reason = why_absent(shares, report, [(PRACTICE, practice), (ALL, ALL)])
                yield from untold(report, _funnels(practice), reason)
        if given:
            yield from _told(report, given, shares)


def _has_score(report: int, shares: ReleasedShares) -> bool:
    """Whether the report tells of scores, given or not."""
    return bool(shares.places[report] or shares.absent[report])


def _told(report: int, practices: Sequence[str], shares: ReleasedShares) -> Found:
    own = shares.places[report]
    whole = shares.values.at(np.full(len(practices), own[ALL, ALL]))
    people = shares.values.denominator.at(np.array([own[PRACTICE, practice] for practice in practices]))
    is_rounded = (whole.is_rounded | people.is_rounded).tolist()
    is_rate, no_value = bool(shares.is_rate[own[ALL, ALL]]), np.full(len(practices), np.nan)
    limits = [spelt(no_value, funnel_limits(whole, people, within, is_rate=is_rate)) for within in LIMITS]
    for place, practice in enumerate(practices):
        for about, numbers in zip(_funnels(practice), limits, strict=True):
            yield report, Statistic(about, numbers[place], is_rounded[place], None)


def _funnels(practice: str) -> tuple[About, About]:
    inner = About(FUNNEL_95, PRACTICE, practice, ALL, FUNNEL)
    return inner, inner._replace(kind=FUNNEL_998)
