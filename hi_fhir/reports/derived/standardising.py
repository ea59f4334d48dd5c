"""A report's score by a standard population: so that places with other ages can be compared."""

from collections.abc import Sequence

import numpy as np

from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import AGE_BAND
from hi_fhir.reports.derived.rows import NOTHING, STANDARDISED_RATE, About, Statistic
from hi_fhir.reports.derived.shares import ReleasedShares
from hi_fhir.reports.derived.standard import STANDARD, band_weights
from hi_fhir.reports.derived.telling import Found, spelt, untold, why_absent
from hi_fhir.statistics.counts import ConfidenceInterval
from hi_fhir.statistics.standardised import DOBSON, FEWEST, standardised_rate
from hi_fhir.statistics.when_given import TOO_FEW


def standardised(measures: Sequence[Measure], shares: ReleasedShares) -> Found:
    """The score of all of a report's people by a standard population. measures: of each report."""
    about = About(STANDARDISED_RATE, AGE_BAND.id, None, STANDARD, DOBSON)
    for report, measure in enumerate(measures):
        if not measure.has_score or AGE_BAND not in measure.stratifiers:
            continue
        weights = band_weights(measure)
        names = [(AGE_BAND.id, band) for band in weights]
        if reason := why_absent(shares, report, names):
            yield from untold(report, [about], reason)
            continue
        values = shares.values.at(np.array([[shares.places[report][name] for name in names]]))
        is_rounded = bool(values.is_rounded.any())
        if values.numerator.given.sum() < FEWEST:
            yield report, Statistic(about, NOTHING, is_rounded, TOO_FEW)
            continue
        rate = standardised_rate(*values, np.array([*weights.values()]))
        most = np.inf if shares.is_rate[shares.places[report][names[0]]] else 1
        lower, upper = rate.interval
        [numbers] = spelt(rate.value, ConfidenceInterval(lower, np.minimum(upper, most)))
        yield report, Statistic(about, numbers, is_rounded, None)
