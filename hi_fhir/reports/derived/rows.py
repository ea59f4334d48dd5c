"""What statistics a report gives: a row each."""

from typing import NamedTuple

from hi_fhir.reports.derived.shares import StratumName

DIFFERENCE, RATIO = "difference", "ratio"
SLOPE_INDEX, RELATIVE_INDEX = "slope-index", "relative-index"
STANDARDISED_RATE = "standardised-rate"
CHANGE = "change"
FUNNEL_95, FUNNEL_998 = "funnel-95", "funnel-998"

KINDS = {
    DIFFERENCE: "Absolute gap: the score of the stratum less that of the group that it is compared with",
    RATIO: "Relative gap: the score of the stratum by that of the group that it is compared with",
    SLOPE_INDEX: "Slope index of inequality: the score of the least deprived less that of the most, on a line",
    RELATIVE_INDEX: "Relative index of inequality: the score of the least deprived by that of the most, on a line",
    STANDARDISED_RATE: "Score of the reporter's people, were they of the ages of a standard population",
    FUNNEL_95: "Limits within which 95 of 100 practices of this size would be, were all alike",
    FUNNEL_998: "Limits within which 998 of 1,000 practices of this size would be, were all alike",
    CHANGE: "The score less that of the period before",
}
"""Each kind of statistic, and what it is."""

DECIMALS = 6
"""Of all numbers of statistics."""


class About(NamedTuple):
    """What a statistic is of. stratum: None where it is of all of a stratifier's. against: a stratum of the same
    stratifier, "all", a standard population, or the period before."""

    kind: str
    stratifier: str
    stratum: str | None
    against: str | None
    method: str


Numbers = tuple[float | None, float | None, float | None]
"""Value, lower and upper end, as far as there are any."""
NOTHING = (None, None, None)


class Statistic(NamedTuple):
    """reason: why there are no numbers."""

    about: About
    numbers: Numbers
    includes_rounding: bool
    reason: str | None


class DerivedReport(NamedTuple):
    """Of one report. intervals: both ends, of each stratum that has a score."""

    intervals: dict[StratumName, list[float]]
    statistics: list[Statistic]
