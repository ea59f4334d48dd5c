"""When a record is dated, and whether that is in a window."""

from collections.abc import Iterator
from datetime import date, time

from hi_fhir.sandbox.people.model import DATA_DATE, Record, When

_FALLS_BACK = frozenset({"Observation", "Condition", "Immunization"})
_BEFORE_ANY = time(0)
_YEARS = 120
_OF_RECORDS = range(1900, 2200)
"""The years that a record can be of."""


def can_be(when: When) -> bool:
    """Whether a date of somebody's life is within 120 years of the extract date; others are unknown, and counted."""
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
    when = _dating(record)
    return when.day if when else None


def clock_order(record: Record) -> tuple[bool, time]:
    """Where a record stands among those of its day: an untimed one before every timed one."""
    when = _dating(record)
    clock = when.clock if when else None
    return clock is not None, clock or _BEFORE_ANY


def _dating(record: Record) -> When | None:
    """The first date that can be of those which the record gives, the clinically relevant ones first."""
    return next((when for when in _given(record) if when and _can_date(when)), None)


def _given(record: Record) -> Iterator[When | None]:
    """A Timing gives its first event, else the start of its bounds."""
    yield record.when
    yield min(filter(_can_date, record.events), key=_order, default=None)
    yield record.bounds
    if record.type in _FALLS_BACK:
        yield record.issued


def _can_date(when: When) -> bool:
    return when.day.year in _OF_RECORDS


def _order(when: When) -> tuple[date, bool, time]:
    return when.day, when.clock is not None, when.clock or _BEFORE_ANY
