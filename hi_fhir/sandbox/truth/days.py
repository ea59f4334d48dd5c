"""When a record is dated, and whether that is in a window."""

from datetime import date, time

from hi_fhir.sandbox.people.model import DATA_DATE, Record, When

_FALLS_BACK = frozenset({"Observation", "Condition", "Immunization"})
_BEFORE_ANY = time(0)
_YEARS = 120


def can_be(when: When) -> bool:
    """Whether a date of somebody's life is within 120 years of the data's date; others are unknown, and counted."""
    first, last = (DATA_DATE.replace(year=DATA_DATE.year + years) for years in (-_YEARS, _YEARS))
    return first <= when.day <= last


def known(when: When | None) -> date | None:
    """The first day of a date that can be, else none."""
    return when.day if when and can_be(when) else None


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
