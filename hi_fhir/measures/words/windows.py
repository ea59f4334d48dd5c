"""Spans of days that a word looks at, relative to the period and the reference date. Both ends inclusive."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from hi_fhir.core.days import Period, months_to
from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures.words.given import at_least, checked

_YEARS = 200
"""What reaches back further is asked for by EVER."""


def _check_length(unit: str, count: int, most: int) -> None:
    at_least(0, unit, count)
    if count > most:
        raise DefinitionError(f"{unit}: {count} is more than {_YEARS} years. Write EVER.")


@dataclass(frozen=True)
class Ever:
    """Up to the reference date, undated records among them."""


@dataclass(frozen=True)
class InPeriod:
    """From the start of the period to the reference date."""


@dataclass(frozen=True)
class Months:
    """The `count` months that end on the reference date."""

    count: int

    def __post_init__(self) -> None:
        _check_length("months", self.count, 12 * _YEARS)


@dataclass(frozen=True)
class Days:
    """The `count` days that end on the reference date, which is one of them."""

    count: int

    def __post_init__(self) -> None:
        _check_length("days", self.count, 366 * _YEARS)


@dataclass(frozen=True)
class Season:
    """From one day of the year to another, each as month and day: the last that began by the end of the period.

    It ends on the reference date where that is earlier. One that begins after the reference date has no days yet.
    """

    first: tuple[int, int]
    last: tuple[int, int]

    def __post_init__(self) -> None:
        for month, day in (self.first, self.last):
            date(2024, month, day)  # raises where no year has such a day


Window = Ever | InPeriod | Months | Days | Season

EVER = Ever()
IN_PERIOD = InPeriod()
FINANCIAL_YEAR = Season((4, 1), (3, 31))


@checked
def months(count: int) -> Months:
    """The months that end on the reference date."""
    return Months(count)


@checked
def days(count: int) -> Days:
    """The days that end on the reference date."""
    return Days(count)


@checked
def weeks(count: int) -> Days:
    """The weeks that end on the reference date."""
    return Days(7 * count)


@checked
def season(first: tuple[int, int], last: tuple[int, int]) -> Season:
    """From one day of the year to another, as `season((9, 1), (3, 31))`: the last that began by the period's end."""
    return Season(first, last)


def days_of(window: Window, period: Period, as_of: date) -> tuple[date, date]:
    """First and last day that `window` sees; the first is after the last where it sees none."""
    match window:
        case Ever():
            return date.min + timedelta(days=1), as_of
        case InPeriod():
            return period.start, as_of
        case Months(count):
            span = months_to(as_of, count)
            return span.start, span.end
        case Days(count):
            return as_of - timedelta(days=count - 1), as_of
        case Season(first, last):
            this_year = _in_year(period.end.year, *first)
            start = this_year if this_year <= period.end else _in_year(period.end.year - 1, *first)
            end = _in_year(start.year if last >= first else start.year + 1, *last)
            return start, min(end, as_of)


def _in_year(year: int, month: int, day: int) -> date:
    """That day of the year; of a common year, 28 February for the 29th."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
