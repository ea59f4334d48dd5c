"""How numbers, days and reasons are said on a page, in plain English."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from hi_fhir.disclosure.counts import MASKED, PROTECTS_OTHERS, SUPPRESSED, UNSUPPORTED
from hi_fhir.disclosure.scores import EMPTY, MASKED_PART, NO_CODES, ROUNDED_AWAY, SMALL
from hi_fhir.measures.model import OCCASIONS, Measure
from hi_fhir.measures.stratifiers import ALL, CORE20, IMD_DECILE, IMD_QUINTILE, Stratifier
from hi_fhir.reports.concepts import stratum_label
from hi_fhir.reports.derived.table import Row
from hi_fhir.statistics.comparisons import NEWCOMBE_OVERLAPPING
from hi_fhir.statistics.when_given import REASONS
from hi_fhir.tables.standing import TypeState

_NOT_GIVEN = {str(MASKED): "1 to 7", str(SUPPRESSED): "held back", str(UNSUPPORTED): "no code list"}
"""What stands in place of a count, by its state; where a source left it untold, other words do."""

WHY = {
    **{reason: f"{told}." for reason, told in REASONS.items()},
    EMPTY: "There is nobody in this group.",
    SMALL: "The group is too small for a share that tells nobody's record.",
    MASKED_PART: "A count that it is worked out from is 1 to 7, or is held back to protect one that is.",
    PROTECTS_OTHERS: "Whether there is a share would tell of a count that is 1 to 7.",
    ROUNDED_AWAY: "Rounding its counts leaves no share.",
    NO_CODES: "The code list that it needs is not there.",
}
"""What the reason of a number that is not given means."""

ROLES = {"practice": "practice", "pcn": "network", "icb": "board", "operator": "operator"}
"""What a role is called."""

_PERCENT_DECIMALS = 1
_DAYS_OF_A_MONTH = 365.25 / 12
_GROUPS = {
    (IMD_QUINTILE.id, "1"): "1, most deprived",
    (IMD_QUINTILE.id, "5"): "5, least deprived",
    (IMD_DECILE.id, "1"): "1, most deprived",
    (IMD_DECILE.id, "10"): "10, least deprived",
    (CORE20.id, "core20"): "Most deprived fifth",
    (CORE20.id, "rest"): "The other four fifths",
}
"""Groups whose label in reports does not say by itself who they are."""


def not_given(state: str | None, reason: str | None) -> str:
    """What stands in place of a count."""
    is_untold = state == UNSUPPORTED and reason in {*TypeState}
    return "not known" if is_untold else _NOT_GIVEN[state or ""]


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


def score(row: Row, measure: Measure) -> str:
    """A score with its interval, or why there is none."""
    if row.value is None or row.lower is None or row.upper is None:
        return f"not given: {why(row.reason)}"
    if is_ratio(measure):
        return f"{row.value:.2f} ({row.lower:.2f} to {row.upper:.2f})"
    return f"{share(row.value)} ({interval(row.lower, row.upper)})"


def is_ratio(measure: Measure) -> bool:
    """Whether scores are occasions a person, and not shares."""
    return OCCASIONS in measure.counted


def difference(row: Row, measure: Measure) -> str:
    """row: a difference of scores, with its interval: in points, or of a ratio in occasions a person.

    That the interval is of 95% is said beside it.
    """
    value, lower, upper = row.value or 0, row.lower or 0, row.upper or 0
    if is_ratio(measure):
        direction = "higher" if value > 0 else "lower"
        return f"{abs(value):.2f} {direction} ({lower:+.2f} to {upper:+.2f})"
    return f"{points(value)} ({points_interval(lower, upper)})"


def overlaps(rows: Iterable[Row]) -> list[str]:
    """Of changes between two periods that share days, what that does to their intervals: each once."""
    return sorted({_overlap(row) for row in rows if row.method == NEWCOMBE_OVERLAPPING})


def _overlap(change: Row) -> str:
    end = date.fromisoformat((change.against or "").rpartition("..")[2])
    days = (end - change.period_start).days + 1
    months = round(days / _DAYS_OF_A_MONTH)
    shared = f"{months} months" if months > 1 else f"{days} days"
    return (
        f"A change is between two periods that share {shared}, whose records are in both: its interval is wider than "
        "it need be."
    )


def group(measure: Measure, stratifier: str, stratum: str) -> str:
    """What a stratum of one of a measure's stratifiers is called."""
    if stratifier == ALL:
        return "Everybody"
    return group_of(next(one for one in measure.single_stratifiers if one.id == stratifier), stratum)


def group_of(one: Stratifier, stratum: str) -> str:
    """What a stratum of one stratifier is called."""
    return _GROUPS.get((one.id, stratum)) or stratum_label(one, stratum)


def at_least(people: float) -> str:
    """How many people something comes to at least, of whom there is a part of one."""
    return f"{people:,.0f}" if people >= 1 else "fewer than 1"


def day(value: date) -> str:
    """31 March 2025, without a nought before the day."""
    return f"{value.day} {value:%B %Y}"


def day_of(value: str) -> str:
    """value: as ISO text."""
    return day(date.fromisoformat(value))


def instant(value: datetime) -> str:
    at = value.astimezone(UTC)
    return f"{day(at.date())}, {at:%H:%M} UTC"


def people(value: float) -> str:
    return f"{value:,.0f}"


def have(things: int) -> str:
    return "has" if things == 1 else "have"


def why(reason: str | None) -> str:
    """A sentence; a code that is in none of our lists is given as it is."""
    return "" if reason is None else WHY.get(reason, f"{reason.replace('-', ' ').capitalize()}.")


def role(name: str, organisation: str | None) -> str:
    """What somebody is there for: `network U99001`."""
    return f"{ROLES[name]} {organisation}" if organisation else ROLES[name]
