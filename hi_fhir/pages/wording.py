"""How numbers, days and reasons are said on a page, in plain English."""

from datetime import date

from hi_fhir.disclosure.counts import MASKED, SUPPRESSED, UNSUPPORTED
from hi_fhir.disclosure.scores import EMPTY, MASKED_PART, NO_CODES, ROUNDED_AWAY, SMALL
from hi_fhir.statistics.when_given import REASONS

NOT_GIVEN = {
    str(MASKED): "1 to 7",
    str(SUPPRESSED): "held back",
    str(UNSUPPORTED): "no code list",
}
"""What stands in place of a count, by its state."""

WHY = {
    **{reason: f"{told}." for reason, told in REASONS.items()},
    EMPTY: "There is nobody in this group.",
    SMALL: "The group is too small for a share that tells nobody's record.",
    MASKED_PART: "A count that it is worked out from is 1 to 7, or is held back to protect one that is.",
    ROUNDED_AWAY: "Rounding its counts leaves no share.",
    NO_CODES: "The code list that it needs is not there.",
}
"""What the reason of a number that is not given means."""

_PERCENT_DECIMALS = 1


def share(value: float) -> str:
    """0.675325 is 67.5%."""
    return f"{value:.{_PERCENT_DECIMALS}%}"


def points(value: float) -> str:
    """A difference of shares: -0.085 is 8.5 points lower."""
    if round(abs(value) * 100, _PERCENT_DECIMALS) == 0:
        return "no difference"
    return f"{abs(value) * 100:.{_PERCENT_DECIMALS}f} points {'higher' if value > 0 else 'lower'}"


def interval(lower: float, upper: float) -> str:
    return f"{share(lower)} to {share(upper)}"


def points_interval(lower: float, upper: float) -> str:
    """With signs, since it may have both."""
    return f"{lower * 100:+.{_PERCENT_DECIMALS}f} to {upper * 100:+.{_PERCENT_DECIMALS}f} points"


def day(value: date) -> str:
    """31 March 2025, without a nought before the day."""
    return f"{value.day} {value:%B %Y}"


def people(value: float) -> str:
    return f"{value:,.0f}"


def why(reason: str | None) -> str:
    """A sentence; a code that is in none of our lists is given as it is."""
    return "" if reason is None else WHY.get(reason, f"{reason.replace('-', ' ').capitalize()}.")
