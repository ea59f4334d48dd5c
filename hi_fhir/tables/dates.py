"""FHIR dates and instants as London days: a partial date is an interval, an instant is the London day it falls on.

Days are counted from 1970-01-01, instants in microseconds from its midnight in UTC. Most dates of a file share their day or
their time of day, so both halves are cached and a new timestamp costs two look-ups and an addition.
"""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from hi_fhir.core.days import LONDON
from hi_fhir.tables.refused import RefusedError

_EPOCH = date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000
_CACHE = 50_000
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME = re.compile(r"T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class When(NamedTuple):
    """First and last London day, and the instant where a time is given."""

    start: int
    end: int
    at: int | None


class DateReader:
    """Reads dates for one worker; the caches are bounded."""

    def __init__(self) -> None:
        self._dates: dict[str, When] = {}
        self._days: dict[str, tuple[int, int | None]] = {}
        self._times: dict[str, tuple[int, bool]] = {}

    def read(self, text: str, path: str) -> When:
        """`text` as days and instant.

        Raises:
            RefusedError: it is not a FHIR date, dateTime or instant, or the calendar has no such day.
        """
        if len(text) > 10:
            return self._read_instant(text, path)
        found = self._dates.get(text)
        if found is None:
            if len(self._dates) >= _CACHE:
                self._dates.clear()
            found = self._dates[text] = _read_date(text, path)
        return found

    def _read_instant(self, text: str, path: str) -> When:
        written, time = text[:10], text[10:]
        day = self._days.get(written)
        if day is None:
            if len(self._days) >= _CACHE:
                self._days.clear()
            start = _read_date(written, path).start
            day = self._days[written] = (start, _steady_offset(start))
        clock = self._times.get(time)
        if clock is None:
            if len(self._times) >= _CACHE:
                self._times.clear()
            clock = self._times[time] = _read_time(time, path)
        number, offset = day
        since_midnight, zoned = clock
        if offset is None or not zoned:
            return _irregular(number, since_midnight, zoned)
        london = number + (since_midnight + offset) // _DAY_US
        return When(london, london, number * _DAY_US + since_midnight)


def _read_date(text: str, path: str) -> When:
    match = _DATE.fullmatch(text)
    if match is None:
        raise RefusedError("impossible-date", path)
    year, month, day = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError as error:
        raise RefusedError("impossible-date", path) from error
    if day:
        last = first
    elif month:
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    else:
        last = first.replace(month=12, day=31)
    return When(first.toordinal() - _EPOCH, last.toordinal() - _EPOCH, None)


def _read_time(text: str, path: str) -> tuple[int, bool]:
    """Microseconds from the written day's midnight in UTC, and whether an offset is given."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise RefusedError("impossible-date", path)
    hour, minute, second, fraction, zone = match.groups()
    seconds = int(second or 0)
    if int(hour) > 23 or int(minute) > 59 or seconds > 60:
        raise RefusedError("impossible-date", path)
    minutes = int(hour) * 60 + int(minute)
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        if int(zone[1:3]) > 14 or int(zone[4:]) > 59:
            raise RefusedError("impossible-date", path)
        minutes -= sign * (int(zone[1:3]) * 60 + int(zone[4:]))
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    return (minutes * 60 + seconds) * 1_000_000 + micros, zone is not None


def _steady_offset(number: int) -> int | None:
    """London's offset from UTC in microseconds on this day and its neighbours; None where it changes or is not known."""
    if not 2 - _EPOCH < number < date.max.toordinal() - _EPOCH - 2:
        return None
    midday = datetime.combine(date.fromordinal(number + _EPOCH), datetime.min.time(), UTC) + timedelta(hours=12)
    offsets = {(midday + timedelta(hours=hours)).astimezone(LONDON).utcoffset() for hours in range(-48, 49, 12)}
    if len(offsets) > 1:
        return None
    offset = offsets.pop()
    return offset // timedelta(microseconds=1) if offset is not None else None


def _irregular(number: int, since_midnight: int, zoned: bool) -> When:
    """Days on which the clocks change, and times without an offset, which are London's own."""
    origin = datetime(1970, 1, 1, tzinfo=UTC)
    try:
        if zoned:
            instant = origin + timedelta(days=number, microseconds=since_midnight)
        else:
            written = origin.replace(tzinfo=None) + timedelta(days=number, microseconds=since_midnight)
            instant = written.replace(tzinfo=LONDON).astimezone(UTC)
        london = instant.astimezone(LONDON).date().toordinal() - _EPOCH
    except OverflowError as error:
        raise RefusedError("impossible-date") from error
    return When(london, london, (instant - origin) // timedelta(microseconds=1))


def london_day(instant: datetime) -> date:
    """The London day that an instant falls on."""
    return instant.astimezone(LONDON).date()
