"""Whole days and months: periods, windows and ages. All days are days in Europe/London."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, order=True)
class Period:
    """A span of days, both ends inclusive."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise ValueError(f"period starts {self.start} after it ends {self.end}")

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


def partial_date(year: str, month: str | None, day: str | None) -> Period:
    """The days of a FHIR date whose day, or day and month, may be missing.

    Raises:
        ValueError: the calendar has no such day.
    """
    first = date(int(year), int(month or 1), int(day or 1))
    if day:
        return Period(first, first)
    if month:
        return Period(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
    return Period(first, first.replace(month=12, day=31))


def months_before(day: date, months: int) -> date:
    """The same day of the month, `months` earlier; the month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_to(day: date, months: int) -> Period:
    """The `months` months that end on `day`: 12 to 31 March 2025 is 1 April 2024 to 31 March 2025."""
    return Period(months_before(day, months) + timedelta(days=1), day)


def age_on(birth: date, day: date) -> int:
    """Completed years; somebody born on 29 February completes a year on 1 March of a common year."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
