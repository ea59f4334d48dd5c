"""Reports' scores by a standard population: so that places with other ages can be compared."""

from collections.abc import Mapping, Sequence

import numpy as np

from hi_fhir.measures.stratifiers import AGE_BAND
from hi_fhir.reports.derived.plan import StatisticsPlan
from hi_fhir.reports.derived.rows import NOTHING, STANDARDISED_RATE, About, Statistic
from hi_fhir.reports.derived.shares import ReleasedShares
from hi_fhir.reports.derived.standard import STANDARD
from hi_fhir.reports.derived.telling import Found, spelt, untold, why_absent
from hi_fhir.statistics.counts import ConfidenceInterval
from hi_fhir.statistics.standardised import DOBSON, FEWEST, standardised_rate
from hi_fhir.statistics.when_given import TOO_FEW

_ABOUT = About(STANDARDISED_RATE, AGE_BAND.id, None, STANDARD, DOBSON)


def standardised(plans: Sequence[StatisticsPlan], shares: ReleasedShares) -> Found:
    """The score of all of a report's people by a standard population. plans: of each report."""
    there: dict[tuple[float, ...], dict[int, list[int]]] = {}
    for report, plan in enumerate(plans):
        own = shares.places[report]
        if not plan.bands:
            continue
        if all(band in own for band in plan.bands):
            there.setdefault(tuple(plan.bands.values()), {})[report] = [own[band] for band in plan.bands]
        else:
            yield from untold(report, [_ABOUT], why_absent(shares, report, plan.bands))
    for weights, places in there.items():
        yield from _told(weights, places, shares)


def _told(weights: Sequence[float], places: Mapping[int, Sequence[int]], shares: ReleasedShares) -> Found:
    """places: by report, of its age bands."""
    rows = np.array([*places.values()])
    values = shares.values.at(rows)
    rate = standardised_rate(*values, np.array(weights))
    most = np.where(shares.is_rate[rows[:, 0]], np.inf, 1)
    numbers = spelt(rate.value, ConfidenceInterval(rate.interval.lower, np.minimum(rate.interval.upper, most)))
    few: list[bool] = np.less(values.numerator.given.sum(axis=1), FEWEST).tolist()
    rounded: list[bool] = np.any(values.is_rounded, axis=1).tolist()
    for place, report in enumerate(places):
        told = (NOTHING, rounded[place], TOO_FEW) if few[place] else (numbers[place], rounded[place], None)
        yield report, Statistic(_ABOUT, *told)
