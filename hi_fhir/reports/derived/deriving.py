"""The statistics of reports, from the counts that they give: worked out for many reports at once."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from hi_fhir.disclosure.policies import Rule
from hi_fhir.reports.cells import Strata
from hi_fhir.reports.derived.comparing import compared
from hi_fhir.reports.derived.funnels import in_funnels
from hi_fhir.reports.derived.plan import StatisticsPlan
from hi_fhir.reports.derived.rows import DECIMALS, DerivedReport
from hi_fhir.reports.derived.shares import released_shares
from hi_fhir.reports.derived.sloping import sloped
from hi_fhir.reports.derived.standardising import standardised
from hi_fhir.reports.derived.telling import by_kind
from hi_fhir.statistics.counts import Bools, ConfidenceInterval
from hi_fhir.statistics.intervals import fraction_interval


def derive(plans: Sequence[StatisticsPlan], reports: Sequence[Strata], rule: Rule) -> list[DerivedReport]:
    """Intervals and statistics of each report. plans: of each. rule: by which their counts were rounded."""
    shares = released_shares(reports, rule)

    def interval(at: Bools, kind: bool) -> ConfidenceInterval:
        return fraction_interval(*shares.values.at(at), is_rate=kind)

    ends = np.round(np.stack(by_kind(shares.is_rate, interval), axis=1), DECIMALS).tolist()
    derived = [DerivedReport({name: ends[place] for name, place in own.items()}, []) for own in shares.places]
    for report, statistic in chain(
        compared(plans, shares), sloped(plans, shares), standardised(plans, shares), in_funnels(reports, shares)
    ):
        derived[report].statistics.append(statistic)
    return derived
