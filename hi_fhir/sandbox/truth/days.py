"""The days that the rules speak of, as the rules write them, and when a record is dated."""

from datetime import date, time

from hi_fhir.sandbox.people.model import AS_OF, PERIOD_END, PERIOD_START, Record

TWELVE_MONTHS = (date(2024, 4, 1), date(2025, 3, 31))
"""The 12 months to the as-of day; the period from its start to the as-of day is the same days."""
NINE_MONTHS = (date(2024, 7, 1), date(2025, 3, 31))
IN_PERIOD = (PERIOD_START, AS_OF)

_FALLS_BACK = frozenset({"Observation", "Condition", "Immunization"})
_BEFORE_ANY = time(0)


def within(day: date | None, window: tuple[date, date]) -> bool:
    """Whether a day is in a window, both ends inclusive; an undated record is in none."""
    return day is not None and window[0] <= day <= window[1]


def dated(record: Record) -> date | None:
    """The record's clinically relevant day, else that on which it was written down, else none."""
    if record.when:
        return record.when.day
    if record.issued and record.type in _FALLS_BACK:
        return record.issued.day
    return None


def clock_order(record: Record) -> tuple[bool, time]:
    """Where a record stands among those of its day: an untimed one before every timed one."""
    when = record.when or record.issued
    clock = when.clock if when else None
    return clock is not None, clock or _BEFORE_ANY


def age_at_period_end(born: date) -> int:
    """Completed years; whoever was born on 29 February completes one on 1 March of a common year."""
    had_birthday = (born.month, born.day) <= (PERIOD_END.month, PERIOD_END.day)
    return PERIOD_END.year - born.year - (0 if had_birthday else 1)
