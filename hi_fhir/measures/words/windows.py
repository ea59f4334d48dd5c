"""Spans of days that a word looks at, relative to the period and the as-of day. Both ends inclusive."""

from dataclasses import dataclass
from datetime import date, timedelta

from hi_fhir.core.days import Period, months_to


@dataclass(frozen=True)
class Ever:
    """Up to the as-of day, undated records among them."""


@dataclass(frozen=True)
class InPeriod:
    """From the start of the period to the as-of day."""


@dataclass(frozen=True)
class Months:
    """The `count` months that end on the as-of day."""

    count: int


Window = Ever | InPeriod | Months

EVER = Ever()
IN_PERIOD = InPeriod()


def months(count: int) -> Months:
    return Months(count)


def days_of(window: Window, period: Period, as_of: date) -> tuple[date, date]:
    """First and last day that `window` sees."""
    match window:
        case Ever():
            return date.min + timedelta(days=1), as_of
        case InPeriod():
            return period.start, as_of
        case Months(count):
            span = months_to(as_of, count)
            return span.start, span.end
