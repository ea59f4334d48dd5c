"""FHIR dates and instants as London days: a partial date is an interval, an instant is the London day it falls on.

Days are counted from 1970-01-01, instants in microseconds from its midnight in UTC. Most dates of a file share their
day or their time of day, so both halves are cached and a new timestamp costs two look-ups and an addition.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from hi_fhir.core.days import LONDON, partial_date
from hi_fhir.tables.refused import RefusedError

T = TypeVar("T")

IntArray = npt.NDArray[np.int64]

_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000
_FIRST_INSTANT = (2 - _EPOCH) * _DAY_US
_LAST_INSTANT = (date.max.toordinal() - _EPOCH - 2) * _DAY_US
_CACHE = 50_000
_COMMON_ZONES = frozenset({"Z", "+00:00", "+01:00"})  # after whole seconds
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME = re.compile(r"T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


When = tuple[int | None, int | None]
"""A span of London days in one number (see `first_day`), or an instant, whose day `london_days` finds."""

NO_DAY: When = (None, None)
"""What a date comes to that no record of a living person can have: a system's stand-in for none (0001, 9999)."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2199
"""Nobody alive was born before, nor will any see the end."""

SPAN_BITS = 10


def first_day(span: int) -> int:
    """The first day of a span, from 1970-01-01."""
    return span >> SPAN_BITS


def last_day(span: int) -> int:
    """The last day of a span, the same as the first for a whole date or an instant."""
    return (span >> SPAN_BITS) + (span & ((1 << SPAN_BITS) - 1))


def order_of(when: When) -> tuple[int, bool, int]:
    """What puts dates in order: the first London day, and of one day what has no time before what has one."""
    span, at = when
    if at is None:
        return (span or 0) >> SPAN_BITS, False, 0
    return london_day_number(at), True, at


def date_reader() -> Callable[[str, str], When]:
    """A function that reads a FHIR date, dateTime or instant at a JSON path, for one worker; its caches are bounded.

    The function raises RefusedError where the text is none of these, or names a day that the calendar does not have. A
    day that stands for none is NO_DAY itself.
    """
    dates: dict[str, When] = {}
    midnights: dict[str, int] = {}
    times: dict[str, int] = {}
    date_of, midnight_of, time_of = dates.get, midnights.get, times.get

    def read(text: str, path: str) -> When:
        if len(text) <= 10:
            return date_of(text) or _keep(dates, text, _read_date(text, path))
        if text[10:17:3] == "T::" and text[4:8:3] == "--" and text[19:] in _COMMON_ZONES:
            try:
                instant = datetime.fromisoformat(text)
            except ValueError:
                pass  # an impossible day, or a leap second
            else:
                if _FIRST_YEAR <= instant.year <= _LAST_YEAR:
                    since = instant - _ORIGIN
                    return None, since.days * _DAY_US + since.seconds * 1_000_000
        midnight, time = midnight_of(text[:10]), time_of(text[10:])
        if midnight is not None and time is not None:
            return None, midnight + time
        read_midnight = _read_midnight(text[:10], path)
        time, zoned = _read_time(text[10:], path)
        if read_midnight is None:
            return NO_DAY
        midnight = _keep(midnights, text[:10], read_midnight)
        if not zoned:
            return None, _from_london(midnight + time, path)
        return None, midnight + _keep(times, text[10:], time)

    return read


def read_span(read_date: Callable[[str, str], When], text: str, path: str) -> int:
    """The span of London days of a date or instant; of one that stands for none the days as written.

    Which dates of a life cannot be is known only with the extract date; until then they are as the record has them.

    Raises:
        RefusedError: as `read_date`.
    """
    span, at = read_date(text, path)
    if at is not None:
        return london_day_number(at) << SPAN_BITS
    return _written_span(text[:10], path) if span is None else span


def london_days(instants: IntArray) -> IntArray:
    """The London days of many instants (microseconds), each looked up only where the clocks change."""
    days, places = np.unique(instants // _DAY_US, return_inverse=True)
    offsets = [_steady_offset(int(day)) for day in days]
    known = np.array([offset or 0 for offset in offsets], dtype=np.int64)
    found: IntArray = (instants + known[places]) // _DAY_US
    changing = np.array([offset is None for offset in offsets], dtype=bool)
    for place in np.flatnonzero(changing[places]) if changing.any() else ():
        found[place] = london_day_number(int(instants[place]))
    return found


def london_day_number(instant: int) -> int:
    """The London day of one instant (microseconds), from 1970-01-01; at the calendar's ends the day as written."""
    if not _FIRST_INSTANT < instant < _LAST_INSTANT:
        return instant // _DAY_US
    return london_day(_ORIGIN + timedelta(microseconds=instant)).toordinal() - _EPOCH


def _keep(cache: dict[str, T], text: str, read: T) -> T:
    if len(cache) >= _CACHE:
        cache.clear()
    cache[text] = read
    return read


def _read_midnight(text: str, path: str) -> int | None:
    """The midnight in UTC of a whole day; None of one that stands for none."""
    span, _ = _read_date(text, path)
    return None if span is None else (span >> SPAN_BITS) * _DAY_US


def _read_date(text: str, path: str) -> When:
    span = _written_span(text, path)
    return (span, None) if _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR else NO_DAY


def _written_span(text: str, path: str) -> int:
    match = _DATE.fullmatch(text)
    if match is None:
        raise RefusedError("impossible-date", path)
    year, month, day = match.groups()
    try:
        days = partial_date(year, month, day)
    except ValueError as error:
        raise RefusedError("impossible-date", path) from error
    return (days.start.toordinal() - _EPOCH) << SPAN_BITS | (days.end - days.start).days


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


@lru_cache(maxsize=_CACHE)
def _steady_offset(number: int) -> int | None:
    """London's offset from UTC in microseconds on this day and its neighbours; None where it changes or is unknown."""
    if not 2 - _EPOCH < number < date.max.toordinal() - _EPOCH - 2:
        return None
    midday = datetime.combine(date.fromordinal(number + _EPOCH), datetime.min.time(), UTC) + timedelta(hours=12)
    offsets = {(midday + timedelta(hours=hours)).astimezone(LONDON).utcoffset() for hours in (-48, 0, 48)}
    if len(offsets) > 1:
        return None
    offset = offsets.pop()
    return offset // timedelta(microseconds=1) if offset is not None else None


def _from_london(written: int, path: str) -> int:
    """The instant of a time without an offset, which is London's own."""
    try:
        naive = _ORIGIN.replace(tzinfo=None) + timedelta(microseconds=written)
        return (naive.replace(tzinfo=LONDON) - _ORIGIN) // timedelta(microseconds=1)
    except OverflowError as error:
        raise RefusedError("impossible-date", path) from error


def london_day(instant: datetime) -> date:
    """The London day that an instant falls on."""
    return instant.astimezone(LONDON).date()


def day_of_instant(text: str | None) -> str | None:
    """The London day of an instant as a server writes it, of one without an offset the day as written; else None."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (london_day(instant) if instant.tzinfo else instant.date()).isoformat()
