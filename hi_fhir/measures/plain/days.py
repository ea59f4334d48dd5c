"""Days, years and windows, counted by hand."""

from datetime import date, timedelta
from itertools import pairwise

from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words.windows import Days, Ever, InPeriod, Season, Window


def years_between(born: date, day: date) -> int:
    birthday_to_come = (day.month, day.day) < (born.month, born.day)
    return day.year - born.year - int(birthday_to_come)


def months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):  # a month without that day lends its own last
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def in_window(day: date, window: Window, setting: Setting) -> bool:
    if day > setting.as_of:
        return False
    if isinstance(window, Ever):
        return True
    if isinstance(window, InPeriod):
        return day >= setting.period.start
    if isinstance(window, Days):
        return (setting.as_of - day).days < window.count
    if isinstance(window, Season):
        return _in_season(day, window, setting.period.end)
    return day > months_later(setting.as_of, -window.count)


def _in_season(day: date, season: Season, end: date) -> bool:
    """Whether the day is of the last season that began by the end of the period."""
    begin = max(date(year, *season.first) for year in (end.year, end.year - 1) if date(year, *season.first) <= end)
    following = [begin + timedelta(days=number) for number in range(367)]
    last = next(one for one, after in pairwise(following) if _is_last(one, after, season.last))
    return begin <= day <= last


def _is_last(day: date, after: date, last: tuple[int, int]) -> bool:
    """A season to 29 February ends on the 28th of a common year."""
    return (day.month, day.day) <= last < (after.month, after.day) or (day.month, day.day) == last
