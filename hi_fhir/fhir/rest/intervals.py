"""FHIR dates as spans of time, so that `2024-05`, a day, an instant and a Period are compared in one way.

Source: FHIR R4 search.html, section date. A date without a zone is London's.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hi_fhir.core.days import LONDON, partial_date

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low`, included, to `high`, excluded; instants in UTC."""

    low: datetime
    high: datetime

    def contains(self, other: "Interval") -> bool:
        return self.low <= other.low and other.high <= self.high


def read_interval(text: str) -> Interval:
    """The span that a FHIR date, dateTime or instant covers, to its own precision.

    Raises:
        ValueError: it is none of these, or the calendar has no such day.
    """
    whole = _DATE.fullmatch(text)
    if whole:
        return _days(*whole.groups())
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a FHIR date")
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=LONDON)
    seconds, fraction, _ = match.groups()
    width = timedelta(milliseconds=1) if fraction else timedelta(seconds=1) if seconds else timedelta(minutes=1)
    return _from(at, width)


def interval_of(element: Any) -> Interval | None:
    """The span of a date or Period as it stands in a resource; None where it cannot be read."""
    try:
        if isinstance(element, str):
            return read_interval(element)
        if isinstance(element, dict) and (element.get("start") or element.get("end")):
            start, end = element.get("start"), element.get("end")
            low = read_interval(start).low if start else EARLIEST
            return Interval(low, read_interval(end).high if end else LATEST)
    except (TypeError, ValueError):
        return None
    return None


def _days(year: str, month: str | None, day: str | None) -> Interval:
    days = partial_date(year, month, day)
    after = LATEST if days.end == date.max else _midnight(days.end + timedelta(days=1))
    return Interval(_midnight(days.start), after)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def _from(at: datetime, width: timedelta) -> Interval:
    try:
        low = at.astimezone(UTC)
        return Interval(low, low + width)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error
